import { expect, test } from '@jest/globals';
import { readTraffic } from './traffic.js';

const HEAD =
  '# pxname,svname,qcur,scur,stot,bin,bout,econ,eresp,wretr,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,ttime,mode,';

test('the back ends of a service are summed up, whatever else there is', () => {
  const text = [
    HEAD,
    'http:shop:web:api:80,BACKEND,0,1,12,100,900,1,2,3,0,9,0,1,2,0,40,http,',
    'tcp:shop:web:api:80,BACKEND,0,2,5,10,20,0,0,0,,,,,,,,tcp,',
    'over:port:8080,BACKEND,0,0,7,0,0,0,0,0,0,7,0,0,0,0,1,http,',
    'http:shop:web:api:80,s1,0,0,12,0,0,0,0,0,0,9,0,0,0,0,1,http,',
    '',
  ].join('\n');
  expect(readTraffic(text)).toEqual([
    {
      ...{ namespace: 'shop', app: 'web', service: 'api', current: 3, sessions: 17, retries: 3, latencyMs: 40 },
      answers: { '1xx': 0, '2xx': 9, '3xx': 0, '4xx': 1, '5xx': 2, other: 0 },
      errors: { connect: 1, response: 2 },
      bytes: { in: 110, out: 920 },
    },
  ]);
});

test('nothing comes of an answer that is none', () => {
  expect(readTraffic('')).toEqual([]);
  expect(readTraffic('Unknown command')).toEqual([]);
});
