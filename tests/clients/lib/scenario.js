// The scenario of redis-py for a Node library: a producer, four consumers as processes of their own, one of
// them killed with messages in hand. A library is an adapter (ioredis/test.js, node-redis/test.js):
//   connect(port), close(), produce(key, from, to), read(key, group, name, count, blockMs),
//   claim(key, group, name, idleMs, count), ack(key, group, ids), pending(key, group), groups(key),
//   createGroup(key, group), length(key), get(key), set(key, value), extras(port)
// Messages are [id, number]. Says what was wrong and exits with 1.
'use strict';
const { fork } = require('child_process');
const assert = require('assert');

const COUNT = Number(process.env.COUNT || 20000);
const PORT = Number(process.argv[3]);
const CONSUMERS = 4;
const BATCH = 100;
const IDLE_MS = 400;

async function consume(library, name, holds) {
    const c = await library.connect(PORT);
    let done = 0;
    process.send({ ready: true });
    for (;;) {
        let messages = await c.read('jobs', 'workers', name, BATCH, 100);
        if (!messages.length)
            messages = await c.claim('jobs', 'workers', name, IDLE_MS, BATCH);
        if (messages.length && holds && done >= COUNT / 4 / CONSUMERS) {
            process.send({ holding: messages.length });
            await new Promise(() => setInterval(() => {}, 1000));
        }
        if (messages.length) {
            // the parent has the numbers before the server hears of it
            await new Promise((resolve) => process.send({ numbers: messages.map((m) => m[1]) }, resolve));
            await c.ack('jobs', 'workers', messages.map((m) => m[0]));
            done += messages.length;
        } else if (await c.get('produced') === '1' && await c.pending('jobs', 'workers') === 0) {
            await c.close();
            process.disconnect();
            return;
        }
    }
}

// `ready` is called once it is connected.
function worker(name, holds, numbers, per, ready) {
    return new Promise((resolve, reject) => {
        const child = fork(process.argv[1], process.argv.slice(2), { env: Object.assign({}, process.env, { ROLE: name, HOLDS: holds ? '1' : '' }) });
        let killed = false;
        child.on('message', (m) => {
            if (m.ready) {
                ready();
            } else if (m.numbers) {
                numbers.push(...m.numbers.map(Number));
                per[name] = (per[name] || 0) + m.numbers.length;
            } else {
                killed = true;
                per.takenOver = m.holding;
                child.kill('SIGKILL');
            }
        });
        child.on('exit', (code) => (killed || code === 0 ? resolve() : reject(new Error(`${name} ended with ${code}`))));
    });
}

async function main(library) {
    const c = await library.connect(PORT);
    await c.createGroup('jobs', 'workers');
    const numbers = [];
    const per = {};
    const workers = [];
    // All of them stand ready before there is anything to do: each gets its share.
    await Promise.all(Array.from({ length: CONSUMERS }, (_, i) => new Promise((ready) => {
        workers.push(worker('w' + i, i === 0, numbers, per, ready));
    })));
    for (let from = 0; from < COUNT; from += 500)
        await c.produce('jobs', from, Math.min(from + 500, COUNT));
    await c.set('produced', '1');
    await Promise.all(workers);
    const seen = new Set(numbers);
    assert.strictEqual(seen.size, COUNT, `${COUNT - seen.size} messages were lost`);
    assert.strictEqual(numbers.length, COUNT, `${numbers.length - COUNT} messages were processed twice`);
    assert.ok(per.takenOver > 0, 'the killed worker held nothing');
    assert.strictEqual(await c.pending('jobs', 'workers'), 0);
    assert.strictEqual(await c.length('jobs'), COUNT);
    assert.strictEqual(await c.groups('jobs'), 1);
    console.log('ok %d messages, one of four consumers killed: %s', COUNT, JSON.stringify(per));
    await c.close();
    await library.extras(PORT);
    console.log('ok one of each kind: transactions, blocking, pub/sub, errors');
}

exports.run = function run(library) {
    const role = process.env.ROLE;
    const work = role ? consume(library, role, Boolean(process.env.HOLDS)) : main(library);
    work.then(() => process.exit(0), (e) => {
        console.error(e);
        process.exit(1);
    });
};
