<?php
// Symfony Messenger over its Redis transport: two workers on one stream, as `messenger:consume` runs them. Delays, retries,
// the failure transport, and a worker that is killed: its message is redelivered after the time set for that.
require '/usr/share/php/Symfony/Component/Messenger/autoload.php';
require '/usr/share/php/Symfony/Component/EventDispatcher/autoload.php';
require __DIR__ . '/../lib/endtoend.php';

use Psr\Container\ContainerInterface;
use Symfony\Component\EventDispatcher\EventDispatcher;
use Symfony\Component\Messenger\Bridge\Redis\Transport\Connection;
use Symfony\Component\Messenger\Bridge\Redis\Transport\RedisTransport;
use Symfony\Component\Messenger\Envelope;
use Symfony\Component\Messenger\EventListener\DispatchPcntlSignalListener;
use Symfony\Component\Messenger\EventListener\SendFailedMessageForRetryListener;
use Symfony\Component\Messenger\EventListener\SendFailedMessageToFailureTransportListener;
use Symfony\Component\Messenger\EventListener\StopWorkerOnSigtermSignalListener;
use Symfony\Component\Messenger\Handler\HandlersLocator;
use Symfony\Component\Messenger\MessageBus;
use Symfony\Component\Messenger\Middleware\HandleMessageMiddleware;
use Symfony\Component\Messenger\Retry\MultiplierRetryStrategy;
use Symfony\Component\Messenger\Stamp\DelayStamp;
use Symfony\Component\Messenger\Stamp\SentToFailureTransportStamp;
use Symfony\Component\Messenger\Worker;

class Job
{
    public function __construct(public string $kind, public int $n = 0)
    {
    }
}

class Locator implements ContainerInterface
{
    public function __construct(private array $things)
    {
    }

    public function get($id)
    {
        return $this->things[$id];
    }

    public function has($id): bool
    {
        return isset($this->things[$id]);
    }
}

const JOBS = 500;
const REDELIVER = 1; // seconds

function transport(string $stream, string $consumer, array $more = []): RedisTransport
{
    global $host, $port;
    return new RedisTransport(Connection::fromDsn("redis://$host:$port/$stream/group/$consumer", $more + [
        'redeliver_timeout' => REDELIVER, 'claim_interval' => 200, 'delete_after_ack' => true]));
}

function handle(Job $job)
{
    switch ($job->kind) {
    case 'note':
        note('done', $job->n);
        break;
    case 'flaky':
        note('try', $job->n);
        if (count(noted("try $job->n")) < 3)
            throw new Exception('not yet');
        note('flaky', $job->n);
        break;
    case 'fails':
        throw new Exception('on purpose');
    case 'holds':
        note('held', getmypid());
        if (count(noted('held')) === 1)
            sleep(600);
        note('again', getmypid());
    }
}

$roles = ['work' => function (string $name) {
    $jobs = transport('jobs', $name);
    $failed = transport('failed', $name);
    $events = new EventDispatcher();
    $events->addSubscriber(new SendFailedMessageForRetryListener(new Locator(['jobs' => $jobs]), new Locator(['jobs' => new MultiplierRetryStrategy(3, 100, 2)])));
    $events->addSubscriber(new SendFailedMessageToFailureTransportListener(new Locator(['jobs' => $failed])));
    $events->addSubscriber(new StopWorkerOnSigtermSignalListener());
    $events->addSubscriber(new DispatchPcntlSignalListener());
    $bus = new MessageBus([new HandleMessageMiddleware(new HandlersLocator([Job::class => ['handle']]))]);
    (new Worker(['jobs' => $jobs], $bus, $events))->run(['sleep' => 10000]);
}];

$jobs = transport('jobs', 'sender');
$workers = [];
$redis = new Redis();
$redis->connect($host, (int)$port);

run([
    'every job is done once' => function () use ($jobs, &$workers) {
        $jobs->setup();
        foreach (['one', 'two'] as $name)
            $workers[] = worker('work', $name);
        for ($n = 0; $n < JOBS; $n++)
            $jobs->send(new Envelope(new Job('note', $n)));
        until('all jobs', fn () => count(noted('done')) >= JOBS);
        same(sorted(noted('done')), range(0, JOBS - 1));
    },
    'a delay' => function () use ($jobs, $redis) {
        $before = microtime(true);
        $jobs->send(new Envelope(new Job('note', 5000), [new DelayStamp(700)]));
        same($redis->zCard('jobs__queue'), 1, 'delayed');
        until('the delayed job', fn () => noted('done 5000'));
        if (microtime(true) - $before < 0.69)
            throw new Exception('too early');
    },
    'retries' => function () use ($jobs) {
        for ($n = 0; $n < 3; $n++)
            $jobs->send(new Envelope(new Job('flaky', $n)));
        until('the third attempts', fn () => count(noted('flaky')) === 3);
        same(sorted(noted('try')), [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    },
    'the failure transport' => function () use ($jobs) {
        $jobs->send(new Envelope(new Job('fails')));
        $failed = transport('failed', 'operator');
        $envelope = until('the failed message', fn () => [...$failed->get()][0] ?? null);
        same($envelope->getMessage()->kind, 'fails');
        same($envelope->last(SentToFailureTransportStamp::class)->getOriginalReceiverName(), 'jobs');
        $failed->ack($envelope);
        same([...$failed->get()], []);
    },
    'a killed worker loses nothing' => function () use ($jobs, &$workers) {
        $jobs->send(new Envelope(new Job('holds')));
        $pid = (int)until('somebody to have it in hand', fn () => noted('held'))[0];
        finish($pid);
        $workers = array_values(array_diff($workers, [$pid]));
        until('the other to do it', fn () => noted('again'));
        same([count(noted('held')), noted('again')], [2, [(string)$workers[0]]]);
    },
    'drained' => function () use ($redis, &$workers) {
        until('the last acknowledgement', fn () => $redis->xPending('jobs', 'group')[0] === 0);
        finish($workers[0], 15);
        same([$redis->xLen('jobs'), $redis->zCard('jobs__queue'), $redis->xLen('failed')], [0, 0, 0]);
        same(count(noted('done')), JOBS + 1);
    },
], $roles);
