// Bull 4: two worker processes. Retries with backoff, delays, priorities, repeated jobs, progress, failures and their
// return, pause, and a worker that is killed: its job has stalled and goes to the other.
'use strict';
const assert = require('assert');
const Queue = require('bull');
const { host, port, note, noted, never, until, worker, kill, range, sorted, run } = require('../lib/cases');

const JOBS = 500;
const options = { redis: { host, port }, settings: { lockDuration: 500, stalledInterval: 300, guardInterval: 100, drainDelay: 1 } };
const workers = [];
let queue;

const roles = {
    async work() {
        const q = new Queue('jobs', options);
        q.on('error', (e) => { console.error(e); process.exit(1); });
        q.process('double', 4, async (job) => {
            note('double', job.data.n);
            return job.data.n * 2;
        });
        q.process('flaky', async (job) => {
            if (job.attemptsMade < 2)
                throw new Error('not yet');
            await job.progress(50);
            return job.attemptsMade;
        });
        q.process('fails', async () => { throw new Error('on purpose'); });
        q.process('tick', async () => note('tick'));
        q.process('holds', () => {
            note('held', process.pid);
            return noted('held').length === 1 ? never() : process.pid;
        });
        await q.isReady();
    },
};

run({
    async every_job_is_done_once() {
        queue = new Queue('jobs', options);
        for (let i = 0; i < 2; i++)
            workers.push(await worker('work'));
        const jobs = await queue.addBulk(range(JOBS).map((n) => ({ name: 'double', data: { n } })));
        const results = await Promise.all(jobs.map((j) => j.finished()));
        assert.deepStrictEqual(results, range(JOBS).map((n) => n * 2));
        assert.deepStrictEqual(sorted(noted('double')), range(JOBS));
    },

    async retries_and_progress() {
        const heard = new Promise((resolve) => queue.once('global:progress', (id, p) => resolve(p)));
        await queue.isReady();
        const job = await queue.add('flaky', {}, { attempts: 5, backoff: { type: 'fixed', delay: 50 } });
        assert.strictEqual(await job.finished(), 2);
        assert.strictEqual(Number(await heard), 50);
    },

    async failures() {
        const job = await queue.add('fails', {}, { attempts: 2 });
        await assert.rejects(job.finished(), /on purpose/);
        const [failed] = await queue.getFailed();
        assert.deepStrictEqual([failed.id, failed.attemptsMade], [job.id, 2]);
        await failed.retry();
        await until('the second failure', async () => (await queue.getFailedCount()) === 1);
        await (await queue.getJob(job.id)).remove();
        assert.strictEqual(await queue.getFailedCount(), 0);
    },

    async a_delay() {
        const before = Date.now();
        const job = await queue.add('double', { n: 5000 }, { delay: 500 });
        assert.strictEqual(await job.getState(), 'delayed');
        assert.strictEqual(await job.finished(), 10000);
        assert.ok(Date.now() - before >= 495, 'too early');
    },

    async repeated() {
        await queue.add('tick', {}, { repeat: { every: 100 } });
        await until('three ticks', () => noted('tick').length >= 3);
        const [job] = await queue.getRepeatableJobs();
        await queue.removeRepeatableByKey(job.key);
        assert.deepStrictEqual(await queue.getRepeatableJobs(), []);
    },

    async priorities_while_paused() {
        const other = new Queue('order', options);
        await other.pause();
        const seen = [];
        for (const priority of [3, 1, 2])
            await other.add({ priority }, { priority });
        assert.strictEqual(await other.count(), 3);
        other.process(async (job) => { seen.push(job.data.priority); });
        await other.resume();
        await until('three jobs', () => seen.length === 3);
        assert.deepStrictEqual(seen, [1, 2, 3]);
        await until('all to be done', async () => await other.getCompletedCount() === 3);
        await other.obliterate({ force: true });
        await other.close();
    },

    async a_killed_worker_loses_nothing() {
        const job = await queue.add('holds', {});
        const pid = Number(await until('somebody to have it in hand', () => noted('held')[0]));
        await kill(workers.find((w) => w.pid === pid));
        assert.strictEqual(await job.finished(), workers.find((w) => w.pid !== pid).pid);
        assert.strictEqual(noted('held').length, 2);
    },

    async drained() {
        const { waiting, active, delayed, failed, paused } = await queue.getJobCounts();
        assert.deepStrictEqual([waiting, active, delayed, failed, paused], [0, 0, 0, 0, 0]);
        assert.strictEqual(noted('double').length, JOBS + 1);
        await queue.close();
    },
}, roles);
