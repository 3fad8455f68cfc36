import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';

async function bootstrap() {
  const app = await NestFactory.create(AppModule, { logger: false });
  const server = await app.listen(process.env.PORT ?? 3000);
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/products`);
}
void bootstrap();
