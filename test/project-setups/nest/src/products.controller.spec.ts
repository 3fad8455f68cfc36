import { Test } from '@nestjs/testing';
import { ProductsController } from './products.controller';

describe('ProductsController', () => {
  it('keeps its data from a request that no guard has accepted', async () => {
    const module = await Test.createTestingModule({ controllers: [ProductsController] }).compile();
    const controller = module.get<ProductsController>(ProductsController);
    expect(() => controller.list({} as never)).toThrow('no guard has accepted this request');
  });
});
