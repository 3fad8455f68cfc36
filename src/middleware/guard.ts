import type { NextFunction, Request, Response } from 'express';

/**
 * A middleware that passes a request on or sends the response. It is generic, so that the types of the handlers after
 * it do not change.
 */
export type Guard = <P, ResBody, ReqBody, ReqQuery>(
  req: Request<P, ResBody, ReqBody, ReqQuery>,
  res: Response<ResBody>,
  next: NextFunction,
) => void;
