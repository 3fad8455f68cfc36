/** The parts of the process that the command uses. Tests replace it. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Waits before a retry, in milliseconds. */
  readonly pause: (duration: number) => Promise<unknown>;
}

export type OutputStream = Pick<NodeJS.WriteStream, 'on' | 'write' | 'isTTY' | 'columns'>;
