/** What callers send, each by how the judge speaks of it. */
export const tokenKinds = {
  none: 'a request without a token',
  expired: 'an expired token',
  otherAudience: 'a token for another API',
  madeUpKey: 'a token with a made-up key id',
  altered: 'a token that its bearer altered',
  unpermitted: 'a token without the permission',
  repeated: 'a valid token',
  fresh: 'a valid token never sent before',
} as const;

export type TokenKind = keyof typeof tokenKinds;

/** One request and what came of it. Times are by the wall clock, in milliseconds. */
export interface Exchange {
  kind: TokenKind;
  /** The `kid` of its token. */
  keyId: string;
  sentAt: number;
  answeredAt: number;
  /** How long the answer took, measured more finely than the two times above. */
  took: number;
  /** 0 where no answer came. */
  status: number;
}
