import { SimEngine, type SimImage } from '@tutti/engine';
import { aService } from '../testing/builders.js';
import { ImagePuller } from './image-puller.js';

const ASIDE = new AbortController().signal;
const quiet = { log: () => undefined, warn: () => undefined, error: () => undefined };

const pullerOf = (web: SimImage, remark?: string) => {
  const engine = new SimEngine({ images: { web } });
  return { engine, images: new ImagePuller({ engine, logger: quiet, loginOf: async () => ({ remark }) }) };
};
const bring = (images: ImagePuller, pullPolicy: 'always' | 'missing' | 'never') =>
  images.bring(aService({ image: 'web', pullPolicy }), ASIDE);

describe('bringing an image', () => {
  it('pins what the registry has under the name', async () => {
    const { engine, images } = pullerOf({ absent: true, digest: 'sha256:a' });
    expect(await images.digestHere('web')).toBeUndefined();
    expect(await bring(images, 'missing')).toBe('sha256:a');
    expect(await images.digestHere('web')).toBe('sha256:a');
    engine.publish('web', { digest: 'sha256:b' });
    expect(await images.digestHere('web')).toBe('sha256:a');
    expect(await bring(images, 'always')).toBe('sha256:b');
  });

  it('goes by the name where the registry does not tell', async () => {
    const { engine, images } = pullerOf({ absent: true });
    expect(await bring(images, 'always')).toBeUndefined();
    expect(await engine.findImage('web')).toBeDefined();
  });

  it('makes do with what is there, unless the newest is asked for', async () => {
    const { images } = pullerOf({ pullError: 'the registry is away' });
    expect(await bring(images, 'missing')).toBeUndefined();
    await expect(bring(images, 'always')).rejects.toThrow(
      'cannot pull web: the registry is away; the one on this node is not used, since pull_policy is always',
    );
  });

  it('asks nobody where it must not', async () => {
    const { engine, images } = pullerOf({ absent: true, digest: 'sha256:a' });
    engine.failNext('resolveImage', 'internal');
    await expect(bring(images, 'never')).rejects.toThrow('its pull policy is never');
    await expect(bring(images, 'missing')).rejects.toThrow('the script says internal');
  });

  it('says what stood in the way of credentials, once it mattered', async () => {
    const { engine, images } = pullerOf({ absent: true, pullError: 'denied' }, 'the password is elsewhere');
    await expect(bring(images, 'missing')).rejects.toThrow('cannot pull web: denied; the password is elsewhere');
    engine.publish('web', { absent: true });
    expect(await bring(images, 'missing')).toBeUndefined();
  });
});
