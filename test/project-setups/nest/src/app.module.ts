import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { requireScopes } from 'express-logto-m2m';
import { ProductsController } from './products.controller';

@Module({ controllers: [ProductsController] })
export class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(requireScopes('read:products')).forRoutes(ProductsController);
  }
}
