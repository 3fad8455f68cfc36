import { z } from 'zod';

/** An amount of money in whole cents, since binary fractions cannot represent most prices exactly. */
export const moneySchema = z.strictObject({
  cents: z.int().min(0).max(100_000_000),
  currency: z.enum(['EUR', 'GBP', 'USD']),
});

export type Money = z.infer<typeof moneySchema>;
