// node-resque: two workers and a scheduler. Delays, the retry plugin, locks, failures and their return, and a worker that is
// killed: the scheduler finds it stuck and queues its job again.
'use strict';
const assert = require('assert');
const { Queue, Scheduler, Worker } = require('node-resque');
const { host, port, note, noted, never, until, worker, kill, range, sorted, run } = require('../lib/cases');

const JOBS = 500;
const connection = { pkg: 'ioredis', host, port, database: 0, namespace: 'resque' };
const workers = [];
let queue, scheduler;

const jobs = {
    double: { perform: async (n) => { note('double', n); return n * 2; } },
    flaky: {
        plugins: ['Retry'],
        pluginOptions: { Retry: { retryLimit: 5, retryDelay: 10 } },
        async perform(n) {
            note('try', n);
            if (noted(`try ${n}`).length < 3)
                throw new Error('not yet');
            note('flaky', n);
        },
    },
    fails: { perform: async () => { throw new Error('on purpose'); } },
    once: { plugins: ['QueueLock'], perform: async (n) => { note('once', n); } },
    holds: {
        async perform() {
            note('held', process.pid);
            if (noted('held').length === 1)
                await never();
            note('again', process.pid);
        },
    },
};

const roles = {
    async work() {
        const w = new Worker({ connection, queues: ['jobs'], timeout: 20 }, jobs);
        w.on('error', (e) => { console.error(e); process.exit(1); });
        await w.connect();
        await w.start();
    },
};

run({
    async every_job_is_done_once() {
        queue = new Queue({ connection }, jobs);
        await queue.connect();
        for (let i = 0; i < 2; i++)
            workers.push(await worker('work'));
        scheduler = new Scheduler({ connection, timeout: 100, stuckWorkerTimeout: 3000, retryStuckJobs: true }, jobs);
        await scheduler.connect();
        await scheduler.start();
        for (const n of range(JOBS))
            await queue.enqueue('jobs', 'double', [n]);
        await until('all jobs', () => noted('double').length >= JOBS);
        assert.deepStrictEqual(sorted(noted('double')), range(JOBS));
        assert.strictEqual(Object.keys(await queue.workers()).length, 2);
    },

    async a_delay() {
        const before = Date.now();
        await queue.enqueueIn(2000, 'jobs', 'double', [5000]); // whole seconds, rounded when set and when looked for
        assert.strictEqual((await queue.scheduledAt('jobs', 'double', [5000])).length, 1);
        await until('the delayed job', () => noted('double 5000').length);
        assert.ok(Date.now() - before >= 900, 'too early');
        await queue.enqueueAt(before + 1e6, 'jobs', 'double', [6000]);
        await queue.delDelayed('jobs', 'double', [6000]);
        assert.deepStrictEqual(await queue.allDelayed(), {});
    },

    async retries() {
        for (const n of range(3))
            await queue.enqueue('jobs', 'flaky', [n]);
        await until('the third attempts', () => noted('flaky').length === 3);
        assert.deepStrictEqual(sorted(noted('try')), [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    },

    async a_job_that_may_be_queued_once() {
        await queue.enqueueIn(60000, 'other', 'once', [1]); // nobody works on it
        await queue.enqueue('other', 'once', [2]);
        await queue.enqueue('other', 'once', [2]);
        assert.strictEqual(await queue.length('other'), 1);
        await queue.delDelayed('other', 'once', [1]);
        await queue.delQueue('other');
        for (const lock of Object.keys(await queue.locks()))
            await queue.delLock(lock);
    },

    async failures() {
        await queue.enqueue('jobs', 'fails');
        await until('the failure', async () => await queue.failedCount() === 1);
        const [failed] = await queue.failed(0, -1);
        assert.deepStrictEqual([failed.error, failed.payload.class], ['on purpose', 'fails']);
        await queue.retryAndRemoveFailed(failed);
        await until('the second failure', async () => await queue.failedCount() === 1);
        await queue.removeFailed((await queue.failed(0, -1))[0]);
        assert.strictEqual(await queue.failedCount(), 0);
    },

    async a_killed_worker_loses_nothing() {
        await queue.enqueue('jobs', 'holds');
        const pid = Number(await until('somebody to have it in hand', () => noted('held')[0]));
        await kill(workers.find((w) => w.pid === pid));
        await until('the other to do it', () => noted('again').length === 1);
        assert.strictEqual(Number(noted('again')[0]), workers.find((w) => w.pid !== pid).pid);
        assert.strictEqual(noted('held').length, 2);
    },

    async drained() {
        assert.deepStrictEqual([await queue.length('jobs'), await queue.failedCount()], [0, 0]);
        assert.strictEqual(noted('double').length, JOBS + 1);
        await kill(workers.find((w) => w.exitCode === null && w.signalCode === null));
        await scheduler.end();
        await queue.end();
    },
}, roles);
