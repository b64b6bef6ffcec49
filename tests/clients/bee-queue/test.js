// Bee-Queue: two worker processes. Results over pub/sub, retries with backoff, delays, progress, failures, removal,
// and a worker that is killed: its job has stalled and goes to the other.
'use strict';
const assert = require('assert');
const Queue = require('bee-queue');
const { host, port, note, noted, never, until, worker, kill, range, sorted, run } = require('../lib/cases');

const JOBS = 1000;
const settings = { redis: { host, port }, stallInterval: 500, activateDelayedJobs: true, delayedDebounce: 10, removeOnSuccess: false };
const workers = [];
let queue;

const kinds = {
    double(job) {
        note('double', job.data.n);
        return job.data.n * 2;
    },
    flaky(job) {
        note('try', job.data.n);
        if (noted(`try ${job.data.n}`).length < 3)
            throw new Error('not yet');
        return 'at last';
    },
    fails() {
        throw new Error('on purpose');
    },
    async steps(job) {
        job.reportProgress(50);
        return 'done';
    },
    holds() {
        note('held', process.pid);
        return noted('held').length === 1 ? never() : process.pid;
    },
};

const roles = {
    async work() {
        const q = new Queue('jobs', settings);
        await q.ready();
        q.on('error', (e) => { throw e; });
        q.process(4, async (job) => kinds[job.data.kind](job));
        q.checkStalledJobs(200);
    },
};

const add = (kind, n) => queue.createJob({ kind, n });
const ends = new Map(); // by job id; a job's own events may come before save() has told it its id

async function settled(job) {
    await job.save();
    const { error, result } = await until(`the end of job ${job.id}`, () => ends.get(job.id));
    if (error)
        throw error;
    return result;
}

run({
    async every_job_is_done_once() {
        for (let i = 0; i < 2; i++)
            workers.push(await worker('work'));
        queue = new Queue('jobs', Object.assign({ isWorker: false }, settings));
        await queue.ready();
        queue.on('job succeeded', (id, result) => ends.set(id, { result }));
        queue.on('job failed', (id, error) => ends.set(id, { error }));
        const results = await Promise.all(range(JOBS).map((n) => settled(add('double', n))));
        assert.deepStrictEqual(results, range(JOBS).map((n) => n * 2));
        assert.deepStrictEqual(sorted(noted('double')), range(JOBS));
    },

    async saved_together() {
        const jobs = range(100, JOBS).map((n) => add('double', n));
        assert.strictEqual((await queue.saveAll(jobs)).size, 0);
        await until('all of them', () => jobs.every((job) => ends.has(job.id)));
        assert.deepStrictEqual(sorted(noted('double')), range(JOBS + 100));
    },

    async retries() {
        const job = add('flaky', 1).retries(3).backoff('fixed', 50);
        const retried = [];
        queue.on('job retrying', (id, e) => retried.push(e.message));
        assert.strictEqual(await settled(job), 'at last');
        assert.deepStrictEqual(retried, ['not yet', 'not yet']);
    },

    async failures() {
        const job = add('fails');
        await assert.rejects(settled(job), /on purpose/);
        assert.strictEqual((await queue.checkHealth()).failed, 1);
        const [failed] = await queue.getJobs('failed', { size: 10 });
        assert.strictEqual(failed.id, job.id);
        await queue.removeJob(job.id);
        assert.strictEqual((await queue.checkHealth()).failed, 0);
    },

    async a_delay() {
        const before = Date.now();
        const job = add('double', 5000).delayUntil(before + 500);
        assert.strictEqual(await settled(job), 10000);
        assert.ok(Date.now() - before >= 495, 'too early');
    },

    async progress() {
        const job = add('steps');
        const heard = new Promise((resolve) => queue.on('job progress', (id, progress) => resolve(progress)));
        assert.strictEqual(await settled(job), 'done');
        assert.strictEqual(await heard, 50);
    },

    async a_killed_worker_loses_nothing() {
        const job = add('holds');
        const end = settled(job);
        const pid = Number((await until('somebody to have it in hand', () => noted('held')[0])));
        await kill(workers.find((w) => w.pid === pid));
        const other = workers.find((w) => w.pid !== pid);
        assert.strictEqual(await end, other.pid);
        assert.strictEqual(noted('held').length, 2);
    },

    async drained() {
        const { waiting, active, delayed, failed, succeeded } = await queue.checkHealth();
        assert.deepStrictEqual([waiting, active, delayed, failed], [0, 0, 0, 0]);
        assert.strictEqual(succeeded, JOBS + 100 + 4);
        assert.strictEqual(noted('double').length, JOBS + 100 + 1);
        await queue.close();
    },
}, roles);
