// onnxruntime_server.mjs DIRECTORY MODEL THREADS - ONNX Runtime behind node's own HTTP server, for
// bench/serve.py: the inference request of Open Inference Protocol v2 with binary tensors, and
// nothing else of the protocol. DIRECTORY has node_modules, MODEL is an .onnx file. Its one line is
// its port, or what is missing.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [directory, model, threads] = process.argv.slice(2);
let ort, session;
try {
    ort = createRequire(`${resolve(directory)}/`)('onnxruntime-node');
    session = await ort.InferenceSession.create(model, {
        executionProviders: ['cpu'],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: Number(threads),
        interOpNumThreads: 1,
    });
} catch (error) {
    console.log('missing:', error.message.split('\n')[0]);
    process.exit();
}

async function infer(body, jsonBytes) {
    const [input] = JSON.parse(body.subarray(0, jsonBytes)).inputs;
    const tensor = body.subarray(jsonBytes);
    const count = input.shape.reduce((a, b) => a * b);
    if (input.datatype !== 'FP32' || tensor.length !== 4 * count)
        throw new Error(`expected ${4 * count} bytes of FP32, found ${tensor.length}`);
    const floats = new Float32Array(count); // aligned
    tensor.copy(Buffer.from(floats.buffer));
    const { y } = await session.run({ x: new ort.Tensor('float32', floats, input.shape) });
    const data = Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength);
    const outputs = [{ name: 'logits', datatype: 'FP32', shape: y.dims,
                       parameters: { binary_data_size: data.length } }];
    const json = Buffer.from(JSON.stringify({ model_name: 'model', model_version: '1', outputs }));
    return { json, data };
}

async function answer(request, response) {
    const parts = [];
    for await (const part of request)
        parts.push(part);
    const { json, data } = await infer(Buffer.concat(parts),
        Number(request.headers['inference-header-content-length']));
    response.writeHead(200, { 'Content-Type': 'application/octet-stream',
                              'Inference-Header-Content-Length': json.length,
                              'Content-Length': json.length + data.length });
    response.write(json);
    response.end(data);
}

const server = createServer((request, response) => answer(request, response).catch(error => {
    response.writeHead(400, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ error: error.message }));
}));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
