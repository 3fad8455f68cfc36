/** The result of one check of the doctor, in one line, and the fix if there is a problem. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'problem' | 'skipped';
  readonly message: string;
  readonly fix?: string;
}

/** How to create a missing object without the Console. */
export const OR_BY_SETUP = 'Or describe it in a file, and run npx express-logto-m2m setup FILE.';

export function ok(check: string, message: string): Finding {
  return { check, verdict: 'ok', message };
}

export function problem(check: string, message: string, fix: string): Finding {
  return { check, verdict: 'problem', message, fix };
}

/** Returns the finding of a check that was not made, with the reason. */
export function skipped(check: string, message: string): Finding {
  return { check, verdict: 'skipped', message };
}
