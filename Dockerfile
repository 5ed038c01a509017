# syntax=docker/dockerfile:1
# The image holds the package of `npm pack`, unpacked and installed: no npm, no compiler, no shell.

# Both build stages run on the processor of the machine that builds, also for images of another one: what is built is
# JavaScript, and npm fetches the binaries of the processor it is told.
FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS package
WORKDIR /forgelink
COPY . .
RUN --mount=type=cache,target=/root/.npm npm run package

FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS installed
ARG TARGETARCH
WORKDIR /forgelink
COPY --from=package /forgelink/forgelink-*.tgz /tmp/forgelink.tgz
# amd64 is the one that Node.js calls otherwise.
RUN --mount=type=cache,target=/root/.npm \
    tar -xzf /tmp/forgelink.tgz --strip-components=1 \
    && case "$TARGETARCH" in amd64) cpu=x64 ;; *) cpu="$TARGETARCH" ;; esac \
    && npm ci --omit=dev --ignore-scripts --os=linux --libc=glibc --cpu="$cpu" \
    && mkdir -m 700 /data

FROM gcr.io/distroless/nodejs24-debian13:nonroot
LABEL org.opencontainers.image.title="Forgelink" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /forgelink
COPY --from=installed /forgelink .
# A new volume takes over this folder's owner. 65532 is the image's unprivileged user; Kubernetes asks for the number.
COPY --from=installed --chown=65532:65532 /data /data
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
VOLUME /data
EXPOSE 4600
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["/nodejs/bin/node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4600}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=8", "--heap-growing-percent=30", "bin/forgelink.mjs"]
CMD ["serve"]
