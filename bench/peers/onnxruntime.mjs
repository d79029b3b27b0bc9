// onnxruntime.mjs - ONNX Runtime as a process for the benchmarks: reads one request per line,
// answers each with one line
//
//   matmul ID MxNxK, layernorm|softmax|gelu ID MxN, forward ID MODEL BATCH THREADS   prepares a job;
//                    matmul and forward also as -int8 and so on, as in make_model.py
//   fill ID normal|outliers   changes the inputs of a matmul
//   run ID REPEATS   answers the seconds, minus what as many calls with every size 1 take
//   result ID        answers the numbers of the last run
//   forget ID        frees the job
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const [directory, worker] = process.argv.slice(2);
const jobs = new Map();
let ort;

function floats(count) {
    return Float32Array.from({ length: count },
        (_, i) => Math.fround(Math.fround((i * 7919 % 1009) / 504) - 1));
}

const imul = Math.imul;

// fill_inputs of peers.h
function mix(x) {
    x = imul(x ^ x >>> 16, 0x7feb352d);
    x = imul(x ^ x >>> 15, 0x846ca68b);
    return x ^ x >>> 16;
}

function bytes(x) {
    return (x & 255) + (x >>> 8 & 255) + (x >>> 16 & 255) + (x >>> 24);
}

function fill({ data, dims: [, k] }, outliers) {
    for (let i = 0; i < data.length; i++) {
        const sum = bytes(mix(3 * i)) + bytes(mix(3 * i + 1)) + bytes(mix(3 * i + 2));
        data[i] = (sum - 1530) / 256 * (outliers && i % k % 192 === 77 ? 20 : 1);
    }
}

// A session with fixed inputs and outputs, so that no run allocates or copies them.
async function open(file, threads, input, output, dimensions) {
    const session = await ort.InferenceSession.create(`${directory}/${file}`, {
        executionProviders: ['cpu'],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        freeDimensionOverrides: dimensions,
        extra: {
            session: {
                // idle threads spin during a run, as by default, but not after it
                force_spinning_stop: '1',
                // processors count from 1; the first thread is the caller, which is bound already
                ...(threads > 1 && { intra_op_thread_affinities: String(Number(worker) + 1) }),
            },
        },
    });
    const size = (shape) => shape.reduce((a, b) => a * b);
    const x = new ort.Tensor('float32', floats(size(input)), input);
    const y = new ort.Tensor('float32', new Float32Array(size(output)), output);
    const run = () => session.run({ x }, { y });
    return { run, x, y, close: () => session.release() };
}

async function time(job, repeats) {
    const begin = process.hrtime.bigint();
    for (let i = 0; i < repeats; i++)
        await job.run();
    return Number(process.hrtime.bigint() - begin) * 1e-9;
}

// The median of the last measurements, so that one interruption does not make a result too small.
async function overheadOf(job) {
    const calls = 32, most = 15;
    do
        job.overheads.push(await time(job.empty, calls) / calls);
    while (job.overheads.length < most);
    job.overheads = job.overheads.slice(-most);
    return job.overheads.toSorted((a, b) => a - b)[(most - 1) / 2];
}

async function openKernel(kind, shape) {
    const [m, n, k] = shape.split('x').map(Number);
    const rows = kind.includes('int8') ? Math.min(m, 8) : 1; // of RESULT_ROWS
    return open(`${kind}-${shape.replace(/^\d+x/, '')}.onnx`, 1, [m, k ?? n], [rows, n], { m });
}

async function answer(command, id, ...rest) {
    const job = jobs.get(id);
    switch (command.startsWith('forward') ? 'forward' : command) {
    case 'forward': {
        const [model, batch, threads] = [rest[0], Number(rest[1]), Number(rest[2])];
        const { pretrained_cfg } =
            JSON.parse(readFileSync(`${directory}/${model}/config.json`));
        jobs.set(id, await open(`${model}/${command.replace('forward', 'model')}.onnx`, threads,
            [batch, ...pretrained_cfg.input_size], [batch, 1000], { batch }));
        return '';
    }
    case 'run': {
        const repeats = Number(rest[0]);
        const seconds = await time(job, repeats);
        return seconds - (job.empty ? repeats * await overheadOf(job) : 0);
    }
    case 'fill':
        fill(job.x, rest[0] === 'outliers');
        return '';
    case 'result':
        return job.y.data.join(' ');
    case 'forget':
        await job.close();
        await job.empty?.close();
        jobs.delete(id);
        return '';
    default: {
        const opened = await openKernel(command, rest[0]);
        opened.empty = await openKernel(command, rest[0].replace(/\d+/g, '1'));
        opened.overheads = [];
        jobs.set(id, opened);
        return '';
    }
    }
}

try {
    const require = createRequire(`${resolve(directory)}/`);
    ort = require('onnxruntime-node');
    console.log('ready', ort.env.versions.node);
} catch (error) {
    console.log('missing', error.message.split('\n')[0]);
    process.exit();
}
for await (const line of createInterface({ input: process.stdin })) {
    try {
        console.log('ok', await answer(...line.split(' ')));
    } catch (error) {
        console.log('error', error.message.replaceAll('\n', ' '));
    }
}
