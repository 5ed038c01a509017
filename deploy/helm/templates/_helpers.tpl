{{- define "forgelink.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end -}}
{{- end }}

{{- define "forgelink.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "forgelink.labels" -}}
{{ include "forgelink.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "forgelink.image" -}}
{{- $repository := required "image.repository must be set: where your image is, such as registry.example.com/forgelink" .Values.image.repository }}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}{{ else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{- define "forgelink.secret" -}}
{{- .Values.existingSecret | default (include "forgelink.name" .) -}}
{{- end }}

{{- define "forgelink.publicUrl" -}}
{{- required "settings.PUBLIC_URL must be set: the address at which people open it, such as https://forgelink.example.com" .Values.settings.PUBLIC_URL -}}
{{- end }}

{{- /* What the values forget, said before anything is installed. */}}
{{- define "forgelink.check" -}}
{{- $_ := include "forgelink.publicUrl" . }}
{{- if and (eq .Values.database "sqlite") (gt (int .Values.replicas) 1) }}
{{- fail "replicas must be 1 with SQLite: several processes share PostgreSQL only" }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not (or .Values.existingSecret .Values.secrets.METRICS_TOKEN)) }}
{{- fail "serviceMonitor needs METRICS_TOKEN among secrets, or existingSecret the name of a Secret that has it" }}
{{- end }}
{{- if eq .Values.database "postgresql" }}
{{- if not (or .Values.existingSecret (and .Values.secrets.DATABASE_URL .Values.secrets.SECRET_KEYS)) }}
{{- fail "with PostgreSQL, secrets needs DATABASE_URL and SECRET_KEYS, or existingSecret the name of a Secret that has them" }}
{{- end }}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.egress) }}
{{- fail "networkPolicy.egress needs a rule that lets Forgelink reach PostgreSQL" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "forgelink.pod" -}}
metadata:
  labels:
    {{- include "forgelink.labels" . | nindent 4 }}
  annotations:
    # A changed setting starts new pods.
    checksum/settings: {{ toJson (list .Values.settings .Values.secrets) | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  # Five seconds before it is asked to stop, and twelve for requests under way.
  terminationGracePeriodSeconds: 30
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: forgelink
      image: {{ include "forgelink.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      env:
        {{- /* Every number is a fraction to Helm, which writes a large one with an exponent. */}}
        {{- range $name, $value := .Values.settings }}
        - name: {{ $name }}
          value: {{ if kindIs "float64" $value }}{{ int64 $value | toString | quote }}{{ else }}{{ $value | toString | quote }}{{ end }}
        {{- end }}
      {{- if or .Values.existingSecret .Values.secrets }}
      envFrom:
        - secretRef:
            name: {{ include "forgelink.secret" . }}
      {{- end }}
      ports:
        - name: http
          containerPort: 4600
      # Bringing a large database up to date may take minutes.
      startupProbe:
        httpGet:
          path: /healthz
          port: http
        periodSeconds: 2
        failureThreshold: 300
      livenessProbe:
        httpGet:
          path: /healthz
          port: http
        timeoutSeconds: 5
      readinessProbe:
        httpGet:
          path: /readyz
          port: http
        periodSeconds: 5
        timeoutSeconds: 5
      lifecycle:
        preStop:
          # Requests still come until every node knows that the pod is going. There is no shell to sleep with.
          exec:
            command: [/nodejs/bin/node, -e, 'setTimeout(() => {}, 5000)']
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /data
  {{- if eq .Values.database "postgresql" }}
  volumes:
    # The first password, and nothing else.
    - name: data
      emptyDir:
        sizeLimit: 16Mi
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "forgelink.selector" . | nindent 10 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
