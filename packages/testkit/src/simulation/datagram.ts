/** What goes over a link at once. */
export interface Datagram {
  readonly from: string
  readonly to: string
  /** On the wire. */
  readonly bytes: number
  /** For the log. */
  readonly what: string
  /** Part of a connection, which cuts what is longer than the link takes. */
  readonly stream?: boolean
}
