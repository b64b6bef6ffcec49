// node-redis, as its users call it. See lib/scenario.js.
'use strict';
const { createClient } = require(process.env.PACKAGE || 'redis');
const assert = require('assert');

function messages(list) {
    return list.filter((m) => m).map((m) => [m.id, m.message.n]);
}

async function open(port, options) {
    const r = createClient(Object.assign({ socket: { port, host: '127.0.0.1' } }, options));
    r.on('error', (e) => { console.error(e); process.exit(1); });
    return r.connect();
}

async function connect(port) {
    const r = await open(port);
    return {
        close: () => r.close(),
        async produce(key, from, to) {
            const all = [];
            for (let n = from; n < to; n++)
                all.push(r.xAdd(key, '*', { n: String(n), body: 'x'.repeat(n % 200) }));
            await Promise.all(all);
        },
        async read(key, group, name, count, blockMs) {
            const got = await r.xReadGroup(group, name, { key, id: '>' }, { COUNT: count, BLOCK: blockMs });
            return got ? messages(got[0].messages) : [];
        },
        claim: async (key, group, name, idle, count) => messages((await r.xAutoClaim(key, group, name, idle, '0-0', { COUNT: count })).messages),
        ack: (key, group, ids) => r.xAck(key, group, ids),
        pending: async (key, group) => (await r.xPending(key, group)).pending,
        groups: async (key) => (await r.xInfoGroups(key)).length,
        createGroup: (key, group) => r.xGroupCreate(key, group, '0', { MKSTREAM: true }),
        length: (key) => r.xLen(key),
        get: (key) => r.get(key),
        set: (key, value) => r.set(key, value),
    };
}

// In both protocols: RESP 3 opens with HELLO 3, and its replies are of other types.
async function extras(port) {
    for (const RESP of [2, 3]) {
        const r = await open(port, { RESP });
        const sub = await open(port, { RESP });
        assert.deepStrictEqual(await r.multi().set('k', '1').incr('k').get('k').exec(), ['OK', 2, '2']);
        await r.watch('k');
        await sub.set('k', 'changed');
        await assert.rejects(r.multi().get('k').exec(), /WatchError|watched keys/);
        await r.lPush('l', ['a', 'b']);
        assert.deepStrictEqual(Object.assign({}, await r.brPop('l', 1)), { key: 'l', element: 'a' });
        assert.strictEqual(await r.brPop('none', 0.05), null);
        await r.rPop('l');
        const heard = new Promise((resolve) => sub.subscribe('news', (text, channel) => resolve([channel, text])));
        while (await r.publish('news', 'hi') === 0)
            ;                                                       // until the subscription stands
        assert.deepStrictEqual(await heard, ['news', 'hi']);
        await assert.rejects(r.xGroupCreate('jobs', 'workers', '0'), /BUSYGROUP/);
        assert.strictEqual(await r.get('none'), null);
        assert.match(await r.info(), /redis_version:7\./);
        assert.strictEqual((await r.xRange('jobs', '-', '+', { COUNT: 1 }))[0].message.n, '0');
        const info = await r.xInfoStream('jobs');
        assert.strictEqual(info.groups, 1);
        await r.close();
        await sub.close();
    }
}

require('../lib/scenario').run({ connect, extras });
