/** Why the tenant could not be provisioned, in a sentence for the person who runs the program. */
export class ProvisionError extends Error {}
