// RSMQ: two worker processes that receive and delete. Delays, visibility, attributes, the realtime channel, and a
// worker that is killed: what it had in hand can be received again when its time is up.
'use strict';
const assert = require('assert');
const RSMQ = require('rsmq');
const Redis = require('ioredis');
const { host, port, note, noted, sleep, never, until, worker, kill, range, sorted, run } = require('../lib/cases');

const JOBS = 1000;
const VISIBLE_S = 1;
const workers = [];
let q;

const roles = {
    async work(holds) {
        const mine = new RSMQ({ host, port });
        (async () => {
            for (;;) {
                const m = await mine.receiveMessageAsync({ qname: 'jobs' });
                if (!m.id) {
                    await sleep(10);
                    continue;
                }
                if (holds && noted('done').length > JOBS / 4) {
                    note('held', m.message);
                    await never();
                }
                note('done', m.message);
                assert.strictEqual(await mine.deleteMessageAsync({ qname: 'jobs', id: m.id }), 1);
            }
        })().catch((e) => { console.error(e); process.exit(1); });
    },
};

run({
    async one_of_two_workers_killed_and_nothing_lost() {
        q = new RSMQ({ host, port, realtime: true });
        assert.strictEqual(await q.createQueueAsync({ qname: 'jobs', vt: VISIBLE_S }), 1);
        await assert.rejects(q.createQueueAsync({ qname: 'jobs' }), /Queue exists/);
        workers.push(await worker('work', 'holds'), await worker('work', ''));
        await Promise.all(range(JOBS).map((n) => q.sendMessageAsync({ qname: 'jobs', message: String(n) })));
        await until('the first to have one in hand', () => noted('held').length);
        await kill(workers[0]);
        await until('all messages', () => noted('done').length >= JOBS);
        assert.deepStrictEqual(sorted(noted('done')), range(JOBS));
        await until('the last one to be deleted', async () => (await q.getQueueAttributesAsync({ qname: 'jobs' })).msgs === 0);
        const about = await q.getQueueAttributesAsync({ qname: 'jobs' });
        assert.deepStrictEqual([about.totalsent, about.totalrecv, about.hiddenmsgs], [JOBS, JOBS + 1, 0]);
        await kill(workers[1]);
    },

    async a_delay() {
        const before = Date.now();
        await q.createQueueAsync({ qname: 'slow', vt: 30 });
        await q.sendMessageAsync({ qname: 'slow', message: 'later', delay: 1 });
        assert.deepStrictEqual(await q.receiveMessageAsync({ qname: 'slow' }), {});
        const m = await until('the delayed message', async () => {
            const got = await q.receiveMessageAsync({ qname: 'slow' });
            return got.id && got;
        });
        assert.ok(Date.now() - before >= 990, 'too early');
        assert.deepStrictEqual([m.message, m.rc], ['later', 1]);
        assert.strictEqual(await q.changeMessageVisibilityAsync({ qname: 'slow', id: m.id, vt: 0 }), 1);
        const again = await until('it to be visible', async () => {
            const got = await q.popMessageAsync({ qname: 'slow' });
            return got.id && got;
        });
        assert.deepStrictEqual([again.id, again.rc], [m.id, 2]);
    },

    async the_realtime_channel() {
        const ear = new Redis({ host, port });
        const heard = new Promise((resolve) => ear.on('message', (channel, count) => resolve([channel, count])));
        await ear.subscribe('rsmq:rt:slow');
        await q.sendMessageAsync({ qname: 'slow', message: 'now' });
        assert.deepStrictEqual(await heard, ['rsmq:rt:slow', '1']);
        await ear.quit();
    },

    async removed() {
        assert.deepStrictEqual((await q.listQueuesAsync()).sort(), ['jobs', 'slow']);
        assert.strictEqual(await q.deleteQueueAsync({ qname: 'slow' }), 1);
        assert.deepStrictEqual(await q.listQueuesAsync(), ['jobs']);
        await q.quit();
    },
}, roles);
