import { Controller, Get, Req } from '@nestjs/common';
import type { Request } from 'express';
import { getAuth } from 'express-logto-m2m';

@Controller('products')
export class ProductsController {
  @Get()
  list(@Req() req: Request) {
    return { clientId: getAuth(req).clientId };
  }
}
