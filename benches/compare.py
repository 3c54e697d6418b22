"""Times one network in dermascope, onnxruntime and LiteRT, one thread each, in interleaved rounds.

    python benches/compare.py --dermascope target/release/dermascope [--model models/lesion.toml]
                              [--tflite like.tflite] [--rounds 7]

Prints the median over rounds of each contender's median time, and its ratio to dermascope's int8 engine. Needs
onnx and onnxruntime, and ai-edge-litert for --tflite (benches/like.py writes such a file).
"""

import argparse
import hashlib
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

import networks

RUNS = 30


def dermascope(program: Path, manifest: Path, engine: str):
    def run() -> float:
        command = [program, "bench", "--json", "--engine", engine, "--model", manifest, "--runs", str(RUNS)]
        report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return report["inference_ms"]["median"]

    return run


def timed(infer) -> float:
    infer()
    infer()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        infer()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def ort(model: onnx.ModelProto, picture: np.ndarray):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: timed(lambda: session.run(None, {name: picture}))


def litert(path: Path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    interpreter.set_tensor(entry["index"], np.zeros(entry["shape"], entry["dtype"]))
    return lambda: timed(interpreter.invoke)


def write_real(model: onnx.ModelProto, manifest: Path, folder: Path) -> Path:
    """The network in f32 with a manifest of its own, for the stock engine."""
    network = networks.real(model).SerializeToString()
    (folder / "real.onnx").write_bytes(network)
    lines = manifest.read_text().splitlines()
    for index, line in enumerate(lines):
        if line.startswith("file = "):
            lines[index] = 'file = "real.onnx"'
        if line.startswith("sha256 = "):
            lines[index] = f'sha256 = "{hashlib.sha256(network).hexdigest()}"'
    (folder / "real.toml").write_text("\n".join(lines))
    return folder / "real.toml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dermascope", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/lesion.toml"))
    parser.add_argument("--tflite", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    model = onnx.load(options.model.with_suffix(".onnx"))
    shape = [side.dim_value for side in model.graph.input[0].type.tensor_type.shape.dim]
    picture = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        contenders = {
            "dermascope int8": dermascope(options.dermascope, options.model, "int8"),
            "tract f32": dermascope(options.dermascope, write_real(model, options.model, Path(folder)), "tract"),
            "tract QDQ": dermascope(options.dermascope, options.model, "tract"),
            "onnxruntime f32": ort(networks.real(model), picture),
            "onnxruntime int8, s8 activations": ort(model, picture),
            "onnxruntime int8, u8 activations": ort(networks.unsigned(model), picture),
        }
        if options.tflite:
            contenders["LiteRT int8"] = litert(options.tflite)
        times = {name: [] for name in contenders}
        for _ in range(options.rounds):
            for name, run in contenders.items():
                times[name].append(run())
    own = statistics.median(times["dermascope int8"])
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:34} {middle:8.3f} ms (from {min(values):.3f} to {max(values):.3f}); dermascope takes {own / middle:.2f} of it")


if __name__ == "__main__":
    main()
