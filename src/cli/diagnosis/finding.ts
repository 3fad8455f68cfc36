/** What one check of the doctor found, in a line, and where something is wrong, what to do. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'problem' | 'skipped';
  readonly message: string;
  readonly fix?: string;
}

/** How something that Logto lacks is made without the Console. */
export const OR_BY_SETUP = 'Or describe it in a file, and run npx express-logto-m2m setup FILE.';

export function ok(check: string, message: string): Finding {
  return { check, verdict: 'ok', message };
}

export function problem(check: string, message: string, fix: string): Finding {
  return { check, verdict: 'problem', message, fix };
}

/** Not asked, and why. */
export function skipped(check: string, message: string): Finding {
  return { check, verdict: 'skipped', message };
}
