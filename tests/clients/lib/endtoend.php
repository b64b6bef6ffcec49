<?php
// What the PHP tests of libraries share: cases, a ledger of what was done, workers as processes of their own.
// A test is started as  test.php HOST PORT, a worker as  test.php HOST PORT ROLE ARGUMENT ...

[, $host, $port] = $argv;
$role = $argv[3] ?? null;
$ledger = (getenv('WORK') ?: '.') . '/ledger';
$processes = [];

// Lines that several processes append, each in one write; they outlive a kill -9.
function note(...$words)
{
    file_put_contents($GLOBALS['ledger'], implode(' ', $words) . "\n", FILE_APPEND);
}

// Those that begin with $start, without it.
function noted(string $start): array
{
    $lines = @file($GLOBALS['ledger'], FILE_IGNORE_NEW_LINES) ?: [];
    $found = array_filter($lines, fn ($l) => $l === $start || str_starts_with($l, "$start "));
    return array_values(array_map(fn ($l) => substr($l, strlen($start) + 1), $found));
}

function same($got, $wanted, string $what = '')
{
    if ($got !== $wanted)
        throw new Exception("$what: wanted " . json_encode($wanted) . ', got ' . json_encode($got));
}

function until(string $what, callable $condition, float $seconds = 30)
{
    for ($end = microtime(true) + $seconds;; usleep(20000)) {
        if ($value = $condition())
            return $value;
        if (microtime(true) > $end)
            throw new Exception("waited $seconds s for $what");
    }
}

function sorted(array $numbers): array
{
    $numbers = array_map('intval', $numbers);
    sort($numbers);
    return $numbers;
}

// A process of this script in another role; its pid.
function worker(...$words): int
{
    global $argv, $host, $port, $processes;
    $p = proc_open([PHP_BINARY, '-d', 'display_errors=stderr', $argv[0], $host, $port, ...$words], [['file', '/dev/null', 'r'], STDERR, STDERR], $pipes);
    $pid = proc_get_status($p)['pid'];
    $processes[$pid] = $p;
    return $pid;
}

// Ends one; how it ended does not matter.
function finish(int $pid, int $signal = 9)
{
    global $processes;
    proc_terminate($processes[$pid], $signal);
    until("the end of $pid", fn () => !proc_get_status($processes[$pid])['running']);
    unset($processes[$pid]);
}

// $cases: functions by name, run in their order. $roles: what a worker does.
function run(array $cases, array $roles)
{
    global $role, $argv, $processes;
    if ($role)
        exit($roles[$role](...array_slice($argv, 4)));
    register_shutdown_function(function () use (&$processes) {
        foreach ($processes as $p)
            proc_terminate($p, 9);
    });
    foreach ($cases as $name => $case) {
        $begin = microtime(true);
        try {
            $case();
        } catch (Throwable $e) {
            fwrite(STDERR, "$name: $e\n");
            exit(1);
        }
        printf("ok %s (%.1f s)\n", $name, microtime(true) - $begin);
    }
}
