/** What an observer of the server is told. */
export type ServerEvent =
  | { readonly kind: 'listening'; readonly address: string }
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'runStarted';
      readonly namespace: string;
      readonly workflowId: string;
      readonly runId: string;
      readonly workflowType: string;
    }
  | {
      readonly kind: 'runClosed';
      readonly namespace: string;
      readonly workflowId: string;
      readonly runId: string;
      /** `COMPLETED`, `FAILED`, ... */
      readonly status: string;
    }
  /** A connection came to nothing: the client's certificate, or none, or no TLS at all. */
  | { readonly kind: 'connectionRefused'; readonly why: string }
  /** Something threw that should not have: a defect of the server. */
  | { readonly kind: 'defect'; readonly where: string; readonly error: unknown };
