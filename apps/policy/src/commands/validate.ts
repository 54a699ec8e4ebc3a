import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import type { Fault } from '@tutti/model';

/** Either the value as the class has it, or every reason why it is not. */
export type Validated<T> = { value: T; faults: [] } | { value: Partial<T>; faults: Fault[] };

/** Checks a decoded message against a class; what the class does not know is a fault, too. */
export async function validated<T extends object>(type: ClassConstructor<T>, body: unknown): Promise<Validated<T>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return {
      value: {},
      faults: [{ message: 'a command is a JSON object such as {"app": "shop"} or {"node": "node-1"}' }],
    };
  }
  // A shallow copy without a prototype's or transformer's tricks: no decorator here converts, so none is needed.
  const instance = plainToInstance(type, {}, { exposeUnsetFields: false });
  for (const [key, value] of Object.entries(body)) Object.defineProperty(instance, key, { value, enumerable: true });
  const errors = await validate(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true });
  if (errors.length === 0) return { value: instance, faults: [] };
  const wrong = new Set(errors.map(({ property }) => property));
  const sound = Object.fromEntries(Object.entries(instance).filter(([key]) => !wrong.has(key)));
  return { value: sound as Partial<T>, faults: errors.flatMap(faultsOf) };
}

function faultsOf({ property, constraints = {} }: ValidationError): Fault[] {
  return Object.entries(constraints).flatMap(([rule, text]) =>
    rule === 'whitelistValidation'
      ? [{ path: property.slice(0, 80), message: 'is not known here: leave it out' }]
      : text.split('\n').map((message) => ({ path: property, message })),
  );
}
