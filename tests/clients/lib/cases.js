// What the Node tests of libraries share: cases, a ledger of what was done, workers as processes of their own.
// A test is started as  test.js HOST PORT, a worker as  test.js HOST PORT ROLE ARGUMENT ...
'use strict';
const { fork } = require('child_process');
const fs = require('fs');
const path = require('path');

const [host, portText, role, ...args] = process.argv.slice(2);
const port = Number(portText);
const ledger = path.join(process.env.WORK || '.', 'ledger');
const children = new Set();

// Lines that several processes append, each in one write; they outlive a kill -9.
function note(...words) {
    fs.appendFileSync(ledger, words.join(' ') + '\n');
}

// Those that begin with `start`, without it.
function noted(start) {
    if (!fs.existsSync(ledger))
        return [];
    return fs.readFileSync(ledger, 'utf8').split('\n').filter((l) => l === start || l.startsWith(start + ' ')).map((l) => l.slice(start.length + 1));
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const never = () => new Promise(() => setInterval(() => {}, 1000));

async function until(what, condition, seconds = 30) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const value = await condition();
        if (value)
            return value;
        if (Date.now() > end)
            throw new Error(`waited ${seconds} s for ${what}`);
        await sleep(20);
    }
}

// Resolves when the role is set up.
function worker(...words) {
    const child = fork(process.argv[1], [host, portText, ...words], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    children.add(child);
    child.on('exit', () => children.delete(child));
    return new Promise((resolve, reject) => {
        child.once('message', () => resolve(child));
        child.once('exit', (code) => reject(new Error(`${words} ended with ${code}`)));
    });
}

function kill(child, signal = 'SIGKILL') {
    return new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill(signal);
    });
}

const range = (n, from = 0) => Array.from({ length: n }, (_, i) => from + i);
const sorted = (numbers) => numbers.map(Number).sort((a, b) => a - b);

async function all(cases) {
    for (const [name, test] of Object.entries(cases)) {
        const begin = Date.now();
        await test();
        console.log('ok %s (%s s)', name.replace(/_/g, ' '), ((Date.now() - begin) / 1000).toFixed(1));
    }
}

// cases: functions by name, run in their order. roles: what a worker does, until it is killed.
function run(cases, roles = {}) {
    const end = (code) => {
        for (const child of children)
            child.kill('SIGKILL');
        process.exit(code);
    };
    const fail = (e) => {
        console.error(e);
        end(1);
    };
    if (role) {
        process.on('disconnect', () => process.exit(0)); // the test is gone
        Promise.resolve(roles[role](...args)).then(() => process.send('ready'), fail);
    } else {
        all(cases).then(() => end(process.exitCode || 0), fail);
    }
}

module.exports = { host, port, note, noted, sleep, never, until, worker, kill, range, sorted, run };
