// socket.io with two servers that know of each other through Redis alone: over pub/sub (redis-adapter), over shard channels (its
// sharded form) and over a stream (redis-streams-adapter), the last with sessions that are found again.
'use strict';
const assert = require('assert');
const { createServer } = require('http');
const { createClient } = require('redis');
const Redis = require('ioredis');
const { Server } = require('socket.io');
const { io: connect } = require('socket.io-client');
const plain = require('@socket.io/redis-adapter');
const streams = require('@socket.io/redis-streams-adapter');
const { host, port, until, run } = require('../lib/cases');

const MESSAGES = 200;
const closing = [];

async function nodeRedis() {
    const c = await createClient({ socket: { host, port } }).on('error', (e) => { throw e; }).connect();
    closing.push(() => c.close());
    return c;
}

function ioredis() {
    const c = new Redis({ host, port });
    closing.push(() => c.quit());
    return c;
}

const adapters = {
    plain: async (client) => plain.createAdapter(await client(), await client()),
    sharded: async (client) => plain.createShardedAdapter(await client(), await client()),
    stream: async (client) => streams.createAdapter(await client(), { streamName: 'io', blockTimeInMs: 100, heartbeatInterval: 1000 }),
};

async function server(adapter, options = {}) {
    const http = createServer();
    const io = new Server(http, Object.assign({ adapter }, options));
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${http.address().port}`;
    closing.push(() => io.close());
    return { io, url };
}

async function client(url, options = {}) {
    const socket = connect(url, Object.assign({ transports: ['websocket'], forceNew: true, reconnectionDelay: 50 }, options));
    closing.push(() => socket.disconnect());
    socket.heard = [];
    socket.onAny((...what) => socket.heard.push(what));
    await new Promise((resolve, reject) => socket.on('connect', resolve).on('connect_error', reject));
    return socket;
}

async function between_servers(adapter, library) {
    const [a, b] = [await server(await adapter(library)), await server(await adapter(library))];
    for (const { io } of [a, b])
        io.on('connection', (socket) => socket.on('join', (room, done) => { socket.join(room); done(); }));
    const [one, two, three] = [await client(a.url), await client(b.url), await client(b.url)];
    await until('the servers to know of each other', async () => await count(a.io) === 3 && await count(b.io) === 3);

    // A broadcast of one server reaches those of the other, in order; bytes arrive as bytes.
    for (let n = 0; n < MESSAGES; n++)
        a.io.emit('news', n, Buffer.from([0, n % 256, 255]));
    for (const socket of [one, two, three]) {
        await until('all broadcasts', () => socket.heard.length >= MESSAGES);
        assert.deepStrictEqual(socket.heard.map((m) => m[1]), [...Array(MESSAGES).keys()]);
        assert.deepStrictEqual([...socket.heard[7][2]], [0, 7, 255]);
        socket.heard.length = 0;
    }

    // Rooms across servers, joined here and there.
    await new Promise((resolve) => two.emit('join', 'room', resolve));
    a.io.in(one.id).socketsJoin('room');
    await until('two in the room', async () => (await b.io.in('room').fetchSockets()).length === 2);
    await until('both to be reached', async () => {
        b.io.to('room').emit('inside');
        await new Promise((resolve) => setTimeout(resolve, 50));
        return one.heard.length && two.heard.length;
    });
    assert.deepStrictEqual(three.heard, []);
    assert.deepStrictEqual((await a.io.fetchSockets()).map((s) => s.id).sort(), [one.id, two.id, three.id].sort());

    // Answers from the other server, and from the clients of both.
    b.io.on('ask', (question, answer) => answer(question + '!'));
    assert.deepStrictEqual(await a.io.serverSideEmitWithAck('ask', 'well'), ['well!']);
    for (const socket of [one, two, three])
        socket.on('who', (answer) => answer(socket.id));
    assert.deepStrictEqual((await a.io.timeout(5000).emitWithAck('who')).sort(), [one.id, two.id, three.id].sort());

    a.io.in(three.id).disconnectSockets(true);
    await until('the third to be gone', async () => (await a.io.fetchSockets()).length === 2);
    await end();
}

const count = async (io) => (await io.fetchSockets().catch(() => [])).length;

async function end() {
    for (const close of closing.splice(0).reverse())
        await close();
}

run({
    'pub/sub, node-redis': () => between_servers(adapters.plain, nodeRedis),
    'pub/sub, ioredis': () => between_servers(adapters.plain, ioredis),
    'shard channels, node-redis': () => between_servers(adapters.sharded, nodeRedis),
    'a stream, node-redis': () => between_servers(adapters.stream, nodeRedis),
    'a stream, ioredis': () => between_servers(adapters.stream, ioredis),

    // A client that loses its connection comes back to another server and gets what it missed.
    async 'a session that is found again'() {
        const recovery = { connectionStateRecovery: { maxDisconnectionDuration: 10000 } };
        const a = await server(await adapters.stream(nodeRedis), recovery);
        const b = await server(await adapters.stream(nodeRedis), recovery);
        const socket = await client(a.url);
        a.io.emit('first');
        await until('the first', () => socket.heard.length === 1);
        const id = socket.id;
        socket.io.uri = b.url;
        socket.io.engine.close(); // as a network does
        a.io.emit('missed', 1);
        a.io.emit('missed', 2);
        await until('what it missed', () => socket.heard.length >= 3);
        assert.deepStrictEqual([socket.recovered, socket.id], [true, id]);
        assert.deepStrictEqual(socket.heard.slice(1, 3).map((m) => [m[0], m[1]]), [['missed', 1], ['missed', 2]]);
        await end();
    },
});
