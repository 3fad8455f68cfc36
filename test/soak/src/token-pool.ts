import type { TokenKind } from './exchange.js';
import { type SoakToken, withMadeUpKey } from './tokens.js';

/** One in this number of requests sends something other than a token that was sent before. */
const every = 5;

/** The kinds of those requests, in turn. */
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

/** The number of tokens of withdrawn keys that are still sent. Their callers do not know of the rotation. */
const strayTokens = 5;

/** The tokens of the callers, and the choice of the next one to send. */
export class TokenPool {
  #tokens: SoakToken[] = [];
  #strays: SoakToken[] = [];
  #turn = 0;
  #isMadeUpNext = true;

  add(tokens: readonly SoakToken[]): void {
    this.#tokens.push(...tokens);
  }

  /** Removes the tokens of a withdrawn key, except one for a caller that does not know of the rotation. */
  giveUp(keyId: string): void {
    const needsKey = ({ kind }: SoakToken) => kind !== 'expired' && kind !== 'otherAudience';
    const isUseless = (token: SoakToken) => token.keyId === keyId && needsKey(token);
    const kept = this.#tokens.find((token) => token.kind === 'repeated' && isUseless(token));
    if (kept) this.#strays = [...this.#strays, kept].slice(-strayTokens);
    this.#tokens = this.#tokens.filter((token) => !isUseless(token));
  }

  /** Returns the token for the next request. If there is none of the next kind, a valid token is repeated. */
  next(): SoakToken {
    this.#turn += 1;
    const kind = this.#turn % every === 0 ? others[(this.#turn / every) % others.length] : undefined;
    const token = this.#take(kind ?? 'repeated') ?? this.#take('repeated');
    if (!token) throw new Error('There is no valid token to send.');
    return token;
  }

  /** Returns a token whose key the API cannot have: alternately a made-up key, and one that Logto withdrew. */
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

  /** Returns a random token of this kind. A fresh one is removed from the pool. */
  #take(kind: TokenKind): SoakToken | undefined {
    const ofKind = this.#tokens.filter((token) => token.kind === kind);
    const token = ofKind[Math.floor(Math.random() * ofKind.length)];
    if (token?.kind === 'fresh') this.#tokens.splice(this.#tokens.indexOf(token), 1);
    return token;
  }
}
