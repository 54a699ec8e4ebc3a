import fc from 'fast-check';
import { sseParser } from './sse.js';

test('ids stay until another comes; comments and empty events are nothing', () => {
  const parse = sseParser();
  expect(parse(': hello\n\nid: 7\nevent: cloudevent\ndata: {"a":1}\n\ndata: b\ndata: c\n\n')).toEqual([
    { id: '7', event: 'cloudevent', data: '{"a":1}' },
    { id: '7', event: 'message', data: 'b\nc' },
  ]);
});

test('events are the same however the stream is cut', () => {
  const text = 'id: 1\r\ndata: x\r\n\r\n:\n\nid: 2\ndata: y\n\n';
  const whole = sseParser()(text.replaceAll('\r\n', '\n'));
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
      const parse = sseParser();
      const at = [0, ...cuts.sort((a, b) => a - b), text.length];
      const events = at.slice(1).flatMap((end, i) => parse(text.slice(at[i], end)));
      expect(events).toEqual(whole);
    }),
  );
});

test('a stream without end to an event is refused', () => {
  const parse = sseParser();
  expect(() => {
    for (let i = 0; i < 10; i++) parse('x'.repeat(1024 * 1024));
  }).toThrow(/without end/);
});
