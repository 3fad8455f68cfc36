/** Why the tenant could not be provisioned, in a sentence for the person who runs the program. */
export class ProvisionError extends Error {
  /** @param code Logto's own, as `role.name_in_use`, where it was Logto that refused. */
  constructor(
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}
