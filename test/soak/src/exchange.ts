/** The kinds of requests, each with its name in the messages of the judge. */
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

/** One request and its response. Times are by the wall clock, in milliseconds. */
export interface Exchange {
  kind: TokenKind;
  /** The `kid` of its token. */
  keyId: string;
  sentAt: number;
  answeredAt: number;
  /** The time until the response, measured more precisely than the two times above. */
  took: number;
  /** 0 if there was no response. */
  status: number;
}
