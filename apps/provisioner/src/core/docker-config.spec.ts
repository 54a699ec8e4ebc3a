import { loginOf } from './docker-config.js';

const auth = Buffer.from('ann:se:cret').toString('base64');
const ann = { credentials: { username: 'ann', password: 'se:cret' } };

describe('the login for a registry', () => {
  it.each([
    ['host:5000', { auths: { 'host:5000': { auth } } }, ann],
    ['host:5000', { auths: { 'https://host:5000/v2/': { auth } } }, ann],
    ['host:5000', { auths: { 'host:5000': { username: 'ann', password: 'se:cret' } } }, ann],
    ['https://index.docker.io/v1/', { auths: { 'https://index.docker.io/v1/': { auth } } }, ann],
    ['docker.io', { auths: { 'https://index.docker.io/v1/': { auth } } }, ann],
    ['host', { auths: { 'host:5000': { auth } } }, {}],
    ['host', {}, {}],
    ['host', { auths: 7, credsStore: 'pass' }, {}],
  ])('of %s is found in %j', (registry, config, login) => {
    expect(loginOf(config, registry)).toEqual(login);
  });

  it.each([
    [{ auths: { host: {} }, credsStore: 'secretservice' }, 'docker-credential-secretservice, which is not asked'],
    [{ credHelpers: { host: 'gcloud' } }, 'docker-credential-gcloud, which is not asked'],
    [{ auths: { host: { auth, identitytoken: 't' } } }, 'an identity token, which is not supported'],
    [{ auths: { host: { auth: 'bm8=' } } }, 'cannot be read: log in again'],
    [[], 'no JSON object'],
  ])('says why there is none: %j', (config, remark) => {
    expect(loginOf(config, 'host')).toEqual({ remark: expect.stringContaining(remark) });
  });
});
