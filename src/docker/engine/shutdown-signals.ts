/** The stop of the service, as an update sees it. */
export interface Drain {
  /** Aborted when the stop begins: an update that has not stopped anything yet is given up. */
  begun: AbortSignal;
  /** Aborted when the time is nearly over: what still waits must end now. */
  nearlyOver: AbortSignal;
}
