// ioredis, as its users call it. See lib/scenario.js.
'use strict';
const Redis = require(process.env.PACKAGE || 'ioredis');
const assert = require('assert');

function messages(entries) {
    return entries.map(([id, fields]) => [id, fields[1]]);
}

async function connect(port) {
    const r = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 1 });
    await r.ping();
    return {
        close: () => r.quit(),
        async produce(key, from, to) {
            const p = r.pipeline();
            for (let n = from; n < to; n++)
                p.xadd(key, '*', 'n', n, 'body', 'x'.repeat(n % 200));
            for (const [err] of await p.exec())
                assert.ifError(err);
        },
        async read(key, group, name, count, blockMs) {
            const got = await r.xreadgroup('GROUP', group, name, 'COUNT', count, 'BLOCK', blockMs, 'STREAMS', key, '>');
            return got ? messages(got[0][1]) : [];
        },
        claim: async (key, group, name, idle, count) => messages((await r.xautoclaim(key, group, name, idle, '0-0', 'COUNT', count))[1]),
        ack: (key, group, ids) => r.xack(key, group, ...ids),
        pending: async (key, group) => (await r.xpending(key, group))[0],
        groups: async (key) => (await r.xinfo('GROUPS', key)).length,
        createGroup: (key, group) => r.xgroup('CREATE', key, group, '0', 'MKSTREAM'),
        length: (key) => r.xlen(key),
        get: (key) => r.get(key),
        set: (key, value) => r.set(key, value),
    };
}

async function extras(port) {
    const r = new Redis({ port });
    const sub = new Redis({ port });
    assert.deepStrictEqual(await r.multi().set('k', '1').incr('k').get('k').exec(), [[null, 'OK'], [null, 2], [null, '2']]);
    await r.watch('k');
    await sub.set('k', 'changed');
    assert.strictEqual(await r.multi().get('k').exec(), null);
    await r.lpush('l', 'a', 'b');
    assert.deepStrictEqual(await r.brpop('l', 1), ['l', 'a']);
    assert.strictEqual(await r.brpop('none', 0.05), null);
    const heard = new Promise((resolve) => sub.on('message', (channel, text) => resolve([channel, text])));
    await sub.subscribe('news');
    assert.strictEqual(await r.publish('news', 'hi'), 1);
    assert.deepStrictEqual(await heard, ['news', 'hi']);
    await assert.rejects(r.xgroup('CREATE', 'jobs', 'workers', '0'), /^ReplyError: BUSYGROUP/);
    assert.deepStrictEqual(await r.getBuffer('none'), null);
    assert.match(await r.info(), /redis_version:7\./);
    await r.quit();
    await sub.quit();
}

require('../lib/scenario').run({ connect, extras });
