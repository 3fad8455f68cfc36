import type { NextFunction, Request, Response } from 'express';

/**
 * A middleware that lets a request through or answers it. Generic, so that it leaves the types of the handlers
 * behind it alone.
 */
export type Guard = <P, ResBody, ReqBody, ReqQuery>(
  req: Request<P, ResBody, ReqBody, ReqQuery>,
  res: Response<ResBody>,
  next: NextFunction,
) => void;
