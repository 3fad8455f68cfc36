import type { TokenKind } from './exchange.js';
import { type SoakToken, withMadeUpKey } from './tokens.js';

/** Of so many requests one sends something else than a token that was sent before. */
const every = 5;

/** What that is, one after the other. */
const others: TokenKind[] = [
  'fresh',
  'unpermitted',
  'expired',
  'fresh',
  'altered',
  'otherAudience',
  'unpermitted',
  'none',
];

/** So many tokens of withdrawn keys are still around; their bearers were not told. */
const strayTokens = 5;

/** The tokens that the callers hold, and which of them is sent next. */
export class TokenPool {
  #tokens: SoakToken[] = [];
  #strays: SoakToken[] = [];
  #turn = 0;
  #isMadeUpNext = true;

  add(tokens: readonly SoakToken[]): void {
    this.#tokens.push(...tokens);
  }

  /** Most callers get themselves new tokens. */
  giveUp(keyId: string): void {
    const needsKey = ({ kind }: SoakToken) => kind !== 'expired' && kind !== 'otherAudience';
    const isUseless = (token: SoakToken) => token.keyId === keyId && needsKey(token);
    const kept = this.#tokens.find((token) => token.kind === 'repeated' && isUseless(token));
    if (kept) this.#strays = [...this.#strays, kept].slice(-strayTokens);
    this.#tokens = this.#tokens.filter((token) => !isUseless(token));
  }

  /** For the next request. Where there is none of its kind, a valid token is repeated. */
  next(): SoakToken {
    this.#turn += 1;
    const kind = this.#turn % every === 0 ? others[(this.#turn / every) % others.length] : undefined;
    const token = this.#take(kind ?? 'repeated') ?? this.#take('repeated');
    if (!token) throw new Error('There is no valid token to send.');
    return token;
  }

  /** A token whose key the API cannot have: in turns one that never was, and one that Logto withdrew. */
  stray(): SoakToken {
    const withdrawn = this.#isMadeUpNext ? undefined : this.#strays.shift();
    this.#isMadeUpNext = withdrawn !== undefined;
    if (withdrawn) this.#strays.push(withdrawn);
    return withdrawn ?? this.madeUp();
  }

  madeUp(): SoakToken {
    const like = this.#tokens.findLast(({ kind }) => kind === 'repeated');
    if (!like) throw new Error('There is no valid token to forge from.');
    return withMadeUpKey(like);
  }

  /** Any one of its kind. What is called fresh leaves the pool. */
  #take(kind: TokenKind): SoakToken | undefined {
    const ofKind = this.#tokens.filter((token) => token.kind === kind);
    const token = ofKind[Math.floor(Math.random() * ofKind.length)];
    if (token?.kind === 'fresh') this.#tokens.splice(this.#tokens.indexOf(token), 1);
    return token;
  }
}
