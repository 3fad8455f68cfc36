/** Why the tenant could not be provisioned, in a sentence for the person who runs the program. */
export class ProvisionError extends Error {}

export const runAgain = 'Run this again: it goes on where it broke off.';
