// The source with some files changed, checked and built by TypeScript without touching the clone.

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import ts from 'typescript'

const root = resolve(import.meta.dirname, '..', '..')

export interface Overlay {
  /** What TypeScript says of a file. */
  errorsOf(path: string): string[]
  /** Builds all of it, and answers with the folder: within `node_modules`, so that packages are found and it runs as it is. */
  build(): string
  /** Removes what was built. */
  remove(): void
}

/** What was read for one overlay and is the same for the next, by path. */
export type Sources = Map<string, ts.SourceFile | undefined>

/** `changed`: new text by path, for files that exist or not. `roots`: what is checked and built, with all that it imports. */
export function createOverlay(changed: Record<string, string>, roots: string[], sources: Sources): Overlay {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root)
  const folders: string[] = []
  const outDir = () => {
    const cache = join(root, 'node_modules', '.cache', 'forgelink')
    mkdirSync(cache, { recursive: true })
    const folder = mkdtempSync(join(cache, 'overlay-'))
    folders.push(folder)
    return folder
  }
  const textOf = (file: string) => changed[relative(root, file)]
  const compilerOptions = { ...options, noEmit: false, rootDir: root, jsx: ts.JsxEmit.ReactJSX }
  const host = ts.createCompilerHost(compilerOptions)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (file) => textOf(file) !== undefined || fileExists.call(host, file)
  host.readFile = (file) => textOf(file) ?? readFile.call(host, file)
  host.getSourceFile = (file, languageVersion, ...others) => {
    const text = textOf(file)
    if (text !== undefined) return ts.createSourceFile(file, text, languageVersion)
    if (!sources.has(file)) sources.set(file, getSourceFile.call(host, file, languageVersion, ...others))
    return sources.get(file)
  }
  const program = ts.createProgram(
    [...roots, ...Object.keys(changed)].map((path) => join(root, path)),
    compilerOptions,
    host,
  )
  return {
    errorsOf(path) {
      const source = program.getSourceFile(join(root, path))
      if (!source) return [`There is no ${path}.`]
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
    },
    build() {
      const folder = outDir()
      const singleFile = {
        ...compilerOptions,
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
      }
      // File by file: TypeScript's own way to build checks all types first, which takes many times as long.
      for (const { fileName, text, isDeclarationFile } of program.getSourceFiles()) {
        if (isDeclarationFile || fileName.includes('/node_modules/')) continue
        const target = join(folder, relative(root, fileName)).replace(/\.ts$/, '.js')
        mkdirSync(resolve(target, '..'), { recursive: true })
        writeFileSync(target, ts.transpileModule(text, { compilerOptions: singleFile, fileName }).outputText)
      }
      // Workers are started by their address, which no import names.
      for (const path of ['src/database/sqlite-worker.js', 'src/platforms/transport/body/json-worker.js']) {
        cpSync(join(root, path), join(folder, path))
      }
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
      return folder
    },
    remove() {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    },
  }
}
