<?php
// phpredis: a producer in pipelines, four consumers of a group as processes of their own, one of them killed with
// messages in hand, which the others take over by XAUTOCLAIM. Then one of each kind of thing that it offers.
require __DIR__ . '/../lib/endtoend.php';

$total = (int)(getenv('COUNT') ?: 20000);
const BATCH = 100;
const IDLE_MS = 400;

function connect(): Redis
{
    $r = new Redis();
    $r->connect($GLOBALS['host'], (int)$GLOBALS['port']);
    return $r;
}

function claimed(Redis $r, string $name): array
{
    [, $entries] = $r->rawCommand('XAUTOCLAIM', 'jobs', 'workers', $name, (string)IDLE_MS, '0-0', 'COUNT', (string)BATCH);
    $out = [];
    foreach ($entries as [$id, $fields])
        $out[$id] = ['n' => $fields[1]];
    return $out;
}

$roles = ['consume' => function (string $name, string $holds) {
    $r = connect();
    note('ready', $name);
    for ($done = 0;;) {
        $messages = $r->xReadGroup('workers', $name, ['jobs' => '>'], BATCH, 100)['jobs'] ?? [];
        $messages = $messages ?: claimed($r, $name);
        if ($messages && $holds && $done >= BATCH) {
            note('holding', count($messages));
            sleep(600);
        }
        if ($messages) {
            // one write: the numbers of a batch, before the server hears of it
            note('done', ...array_column($messages, 'n'));
            $r->xAck('jobs', 'workers', array_keys($messages));
            $done += count($messages);
        } elseif ($r->get('produced') === '1' && $r->xPending('jobs', 'workers')[0] === 0) {
            return 0;
        }
    }
}, 'speak' => function () {
    $r = connect();
    until('somebody to listen', fn () => $r->publish('news', 'hi') === 1);
    return 0;
}];

run([
    "$total messages, one of four consumers killed" => function () use ($total) {
        global $processes;
        $r = connect();
        same($r->xGroup('CREATE', 'jobs', 'workers', '0', true), true);
        $first = worker('consume', 'w0', '1');
        for ($i = 1; $i < 4; $i++)
            worker('consume', "w$i", '');
        until('four consumers', fn () => count(noted('ready')) === 4);
        for ($n = 0; $n < $total;) {
            $p = $r->pipeline();
            for ($end = min($n + 500, $total); $n < $end; $n++)
                $p->xAdd('jobs', '*', ['n' => $n, 'body' => str_repeat('x', $n % 200)]);
            same(count(array_filter($p->exec())) > 0, true);
        }
        $r->set('produced', 1);
        until('the first worker to have a batch in hand', fn () => noted('holding'), 60);
        finish($first);
        until('the others to be done', fn () => !array_filter($processes, fn ($p) => proc_get_status($p)['running']), 60);
        same(sorted(explode(' ', implode(' ', noted('done')))), range(0, $total - 1));
        same([$r->xPending('jobs', 'workers')[0], $r->xLen('jobs')], [0, $total]);
    },
    'one of each kind: transactions, blocking, pub/sub, scripts, serializers' => function () {
        $r = connect();
        $other = connect();
        same($r->multi()->set('k', 1)->incr('k')->get('k')->exec(), [true, 2, '2']);
        $r->watch('k');
        $other->set('k', 'changed');
        same($r->multi()->get('k')->exec(), false);
        $r->lPush('l', 'a', 'b');
        same([$r->brPop('l', 1), $r->brPop('none', 1)], [['l', 'a'], []]);
        same($r->eval('return {KEYS[1], ARGV[1], redis.call("INCR", KEYS[1])}', ['n', 'x'], 1), ['n', 'x', 1]);
        same([$r->evalSha('0000000000000000000000000000000000000000'), str_starts_with($r->getLastError(), 'NOSCRIPT')], [false, true]);
        $r->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_PHP);
        $r->setEx('o', 100, ['a' => [1, 2.5, null]]);
        same($r->get('o'), ['a' => [1, 2.5, null]]);
        $r->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_NONE);
        same($other->publish('news', 'to nobody'), 0);
        $speaker = worker('speak');
        $heard = null;
        $r->setOption(Redis::OPT_READ_TIMEOUT, 1);
        try {
            $r->subscribe(['news'], function ($me, $channel, $text) use (&$heard) {
                $heard = [$channel, $text];
            });
        } catch (RedisException $e) {
            same($e->getMessage(), "read error on connection to $GLOBALS[host]:$GLOBALS[port]"); // nothing more to hear
        }
        same($heard, ['news', 'hi']);
        finish($speaker);
    },
], $roles);
