// BullMQ end to end, as its users use it: a real Queue, Worker and QueueEvents. Every operation is a
// script of its own; what is checked is what the user sees. Two workers are processes of their own, one is killed.
const assert = require('assert');
const { host, port, note, noted, never, until, worker, kill, range, sorted, run } = require('../lib/cases');
const { Queue, Worker, QueueEvents, FlowProducer } = require('bullmq');

const connection = { host, port, maxRetriesPerRequest: null };
const JOBS = Number(process.env.JOBS || 500);
const CONCURRENCY = 4;
const opened = [];

function open(thing) {
  thing.on('error', (e) => { console.error(e); process.exitCode = 1; });
  thing.setMaxListeners(0); // a listener for each job that is waited for
  opened.push(thing);
  return thing;
}

async function fresh(name, processor, options = {}) {
  const queue = open(new Queue(name, { connection }));
  const events = open(new QueueEvents(name, { connection }));
  await events.waitUntilReady();
  const worker = processor && open(new Worker(name, processor, { connection, ...options }));
  return { queue, events, worker };
}

const tests = {
  async add_and_process() {
    const { queue, events } = await fresh('plain', async (job) => job.data.n * 2, { concurrency: 8 });
    const jobs = await queue.addBulk(range(JOBS).map((n) => ({ name: 'double', data: { n } })));
    const results = await Promise.all(jobs.map((j) => j.waitUntilFinished(events)));
    assert.deepStrictEqual(results, range(JOBS).map((n) => n * 2));
    const counts = await queue.getJobCounts();
    assert.strictEqual(counts.completed, JOBS);
    assert.strictEqual(counts.waiting + counts.active + counts.failed, 0);
  },

  async retries_with_backoff() {
    let calls = 0;
    const { queue, events } = await fresh('retry', async () => {
      if (++calls < 3) throw new Error('not yet');
      return calls;
    });
    const job = await queue.add('j', {}, { attempts: 5, backoff: { type: 'fixed', delay: 50 } });
    assert.strictEqual(await job.waitUntilFinished(events), 3);
  },

  async fails_in_the_end() {
    const { queue, events } = await fresh('fail', async () => { throw new Error('never'); });
    const job = await queue.add('j', { a: 1 }, { attempts: 2 });
    await assert.rejects(job.waitUntilFinished(events), /never/);
    const [failed] = await queue.getFailed();
    assert.strictEqual(failed.id, job.id);
    assert.strictEqual(failed.attemptsMade, 2);
    await failed.retry();
    await assert.rejects((await queue.getJob(job.id)).waitUntilFinished(events), /never/);
  },

  async delayed() {
    const { queue, events } = await fresh('delay', async () => Date.now());
    const before = Date.now();
    const job = await queue.add('j', {}, { delay: 300 });
    assert.strictEqual(await job.getState(), 'delayed');
    assert((await job.waitUntilFinished(events)) - before >= 295);
  },

  async priorities_and_lifo() {
    const seen = [];
    const { queue, events } = await fresh('order');
    await queue.pause();
    const jobs = [];
    for (const [name, opts] of [['p5', { priority: 5 }], ['p1', { priority: 1 }], ['plain', {}], ['lifo', { lifo: true }]])
      jobs.push(await queue.add(name, {}, opts));
    open(new Worker('order', async (job) => { seen.push(job.name); }, { connection, concurrency: 1 }));
    await queue.resume();
    await Promise.all(jobs.map((j) => j.waitUntilFinished(events)));
    assert.deepStrictEqual(seen, ['lifo', 'plain', 'p1', 'p5']);
  },

  async progress_logs_and_removal() {
    const { queue, events } = await fresh('misc', async (job) => {
      await job.updateProgress({ done: 50 });
      await job.log('half way');
      await job.updateData({ ...job.data, seen: true });
      return 'ok';
    });
    const progress = new Promise((r) => events.once('progress', ({ data }) => r(data)));
    const job = await queue.add('j', { x: 1 }, { jobId: 'mine' });
    await job.waitUntilFinished(events);
    assert.deepStrictEqual(await progress, { done: 50 });
    assert.deepStrictEqual((await queue.getJobLogs('mine')).logs, ['half way']);
    assert.deepStrictEqual((await queue.getJob('mine')).data, { x: 1, seen: true });
    await job.remove();
    assert.strictEqual(await queue.getJob('mine'), undefined);
    await queue.addBulk(range(30).map((n) => ({ name: 'c', data: { n } })));
    while ((await queue.getJobCounts('completed')).completed < 30) await new Promise((r) => setTimeout(r, 20));
    assert.strictEqual((await queue.clean(0, 100, 'completed')).length, 30);
    await queue.obliterate({ force: true });
  },

  async stalled_jobs_come_back() {
    let first = true;
    const { queue, events } = await fresh('stall');
    const options = { connection, lockDuration: 300, stalledInterval: 200 };
    const dead = open(new Worker('stall', () => new Promise(() => {}), { ...options, skipLockRenewal: true, skipStalledCheck: true }));
    const active = new Promise((r) => dead.once('active', r));
    const job = await queue.add('j', {});
    await active;
    await dead.close(true);
    open(new Worker('stall', async () => { first = false; return 'again'; }, options));
    assert.strictEqual(await job.waitUntilFinished(events), 'again');
    assert(!first);
  },

  async parents_wait_for_children() {
    const { queue, events } = await fresh('parent', async (job) => Object.values(await job.getChildrenValues()).sort());
    await fresh('child', async (job) => job.data.n);
    const flows = open(new FlowProducer({ connection }));
    const tree = await flows.add({
      name: 'p', queueName: 'parent', data: {},
      children: [1, 2, 3].map((n) => ({ name: 'c', queueName: 'child', data: { n } })),
    });
    assert.deepStrictEqual(await tree.job.waitUntilFinished(events), [1, 2, 3]);
    assert.strictEqual(await queue.getWaitingChildrenCount(), 0);
  },

  async rate_limit_and_schedule() {
    const { queue, events } = await fresh('rate', async () => Date.now(), { limiter: { max: 2, duration: 200 } });
    const jobs = await queue.addBulk(range(6).map((n) => ({ name: 'j', data: { n } })));
    const times = await Promise.all(jobs.map((j) => j.waitUntilFinished(events)));
    assert(Math.max(...times) - Math.min(...times) >= 350);
    await queue.upsertJobScheduler('tick', { every: 50 }, { name: 't' });
    while ((await queue.getJobCounts('completed')).completed < 9) await new Promise((r) => setTimeout(r, 20));
    assert.strictEqual(await queue.removeJobScheduler('tick'), true);
  },

  async a_killed_process_loses_nothing() {
    const { queue, events } = await fresh('killed');
    const workers = [await worker('work'), await worker('work')];
    const jobs = await queue.addBulk(range(JOBS).map((n) => ({ name: 'j', data: { n, holds: n === 100 } })));
    const pid = Number(await until('somebody to have it in hand', () => noted('held')[0]));
    await kill(workers.find((w) => w.pid === pid));
    await Promise.all(jobs.map((j) => j.waitUntilFinished(events)));
    assert.strictEqual(noted('held').length, 1);
    // Done before the kill and not yet told of it, a job may be done again: no more than it had in hand.
    const done = sorted(noted('done'));
    assert.deepStrictEqual([...new Set(done)], range(JOBS));
    assert(done.length <= JOBS + CONCURRENCY, `${done.length - JOBS} done twice`);
    const { completed, waiting, active, failed } = await queue.getJobCounts();
    assert.deepStrictEqual([completed, waiting, active, failed], [JOBS, 0, 0, 0]);
    await kill(workers.find((w) => w.pid !== pid));
  },
};

const roles = {
  async work() {
    const options = { connection, concurrency: CONCURRENCY, lockDuration: 500, stalledInterval: 300 };
    const mine = open(new Worker('killed', async (job) => {
      if (job.data.holds && !noted('held').length) {
        note('held', process.pid);
        await never();
      }
      note('done', job.data.n);
    }, options));
    await mine.waitUntilReady();
  },
};

const closed = (test) => async () => {
  await test();
  await Promise.all(opened.splice(0).reverse().map((x) => x.close()));
};
run(Object.fromEntries(Object.entries(tests).map(([name, test]) => [name, closed(test)])), roles);
