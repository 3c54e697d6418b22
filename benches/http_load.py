"""Measures whether those who read over HTTP delay a capture, and what the daemon's memory is with many records.

    python benches/http_load.py --dermascope target/release/dermascope [--records 100000] [--rounds 6] [--presses 10]

Starts the real device in the simulator, and presses its button over and over, in rounds that are interleaved: quiet
ones, and ones in which 200 requests a second ask for the status and for a page of the records in turn. Prints the
time from the press to the result as the device itself logs it, and its ratio. The clients run at the lowest priority,
as if on another computer. `--records` fills the store first with copies of the first record: enough to be listed, not
to be verified. Needs nothing but Python, and the working folder must hold the model.
"""

import argparse
import json
import multiprocessing
import os
import re
import selectors
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

RATE = 200
CONNECTIONS = 8
PATHS = ["/api/v1/status", "/api/v1/records?limit=20"]


class Device:
    """A simulator of its own, and what it logs."""

    def __init__(self, program: Path, folder: Path, pictures: Path | None):
        command = [program, "demo", "--folder", folder, "--listen", "127.0.0.1:0"]
        command += ["--pictures", pictures] if pictures else []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split("//")[1].strip()
        self.times: list[float] = []
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        for line in self.process.stderr:
            found = re.search(r"result ([\d.]+) ms after the press", line)
            if found:
                self.times.append(float(found[1]))

    def get(self, path: str) -> bytes:
        return urllib.request.urlopen(f"http://{self.address}{path}", timeout=60).read()

    def screen(self) -> str:
        return json.loads(self.get("/api/v1/status"))["screen"]

    def button(self, held: float = 0.0):
        for pressed in (True, False):
            body = json.dumps({"pressed": pressed}).encode()
            headers = {"Content-Type": "application/json"}
            url = f"http://{self.address}/api/v1/buttons/main"
            urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60).read()
            if pressed:
                time.sleep(held)

    def wait(self, *screens: str) -> str:
        for _ in range(600):
            if (screen := self.screen()) in screens:
                return screen
            time.sleep(0.05)
        raise TimeoutError(f"the screen never showed {screens}")

    def press(self) -> float:
        """Takes pictures until one is read, and gives the time to its result in milliseconds."""
        known = len(self.times)
        self.wait("viewfinder")
        self.button()
        while self.wait("result", "retake") == "retake":
            self.button()
            self.wait("viewfinder")
            self.button()
        while len(self.times) == known:
            time.sleep(0.01)
        self.button(1.2)
        return self.times[-1]

    def memory(self) -> float:
        """What the process holds, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024

    def end(self):
        self.process.terminate()
        self.process.wait()


class Client:
    """One connection, kept open. Plain sockets: what the client computes is taken from the device, which shares its cores."""

    def __init__(self, address: str):
        host, port = address.split(":")
        self.connection = socket.create_connection((host, int(port)))
        self.requests = [f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode() for path in PATHS]
        self.asked, self.answer = 0.0, b""

    def ask(self, turn: int):
        self.asked, self.answer = time.perf_counter(), b""
        self.connection.sendall(self.requests[turn % len(PATHS)])

    def read(self) -> float | None:
        """Takes what has come; gives the wait in milliseconds once the answer is whole."""
        self.answer += self.connection.recv(1 << 16)
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end:
            return None
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(re.search(rb"content-length: (\d+)", head, re.I)[1])
        return (time.perf_counter() - self.asked) * 1e3 if len(body) == length else None


def load(address: str, stop, answers):
    """Asks at the rate until told to stop; what could not be asked in time is asked as soon as a client is free."""
    os.nice(19)
    free = [Client(address) for _ in range(CONNECTIONS)]
    waits: list[float] = []
    start, asked = time.perf_counter(), 0
    with selectors.DefaultSelector() as busy:
        while not stop.is_set():
            while free and asked < (time.perf_counter() - start) * RATE:
                client = free.pop()
                client.ask(asked)
                busy.register(client.connection, selectors.EVENT_READ, client)
                asked += 1
            due = start + asked / RATE - time.perf_counter()
            for key, _ in busy.select(max(due, 1e-4) if free else None):
                if (wait := key.data.read()) is not None:
                    waits.append(wait)
                    busy.unregister(key.fileobj)
                    free.append(key.data)
    answers.put((len(waits) / (time.perf_counter() - start), waits))


def under_load(device: Device, presses: int):
    stop, answers = multiprocessing.Event(), multiprocessing.Queue()
    process = multiprocessing.Process(target=load, args=(device.address, stop, answers))
    process.start()
    time.sleep(0.5)
    times = [device.press() for _ in range(presses)]
    stop.set()
    rate, waits = answers.get()
    process.join()
    return times, rate, waits


def fill(database: Path, count: int):
    """Copies the first record until there are so many."""
    with sqlite3.connect(database) as connection:
        kept = "kind = 'record' AND body IS NOT NULL"
        row = connection.execute(f"SELECT body, body_sha256, chain_sha256 FROM entries WHERE {kept} LIMIT 1").fetchone()
        position, sequence = connection.execute("SELECT max(position), max(sequence) FROM entries").fetchone()
        body = json.loads(row[0])
        rows = []
        for extra in range(1, count + 1):
            body["sequence"] = sequence + extra
            rows.append((position + extra, sequence + extra, json.dumps(body), row[1], row[2]))
        columns = "position, kind, sequence, body, body_sha256, chain_sha256"
        connection.executemany(f"INSERT INTO entries ({columns}) VALUES (?, 'record', ?, ?, ?, ?)", rows)


def timed(device: Device, path: str) -> float:
    times = []
    for _ in range(15):
        start = time.perf_counter()
        device.get(path)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dermascope", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, help="what the camera shows, instead of drawn lesions")
    parser.add_argument("--records", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--presses", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        device = Device(arguments.dermascope, Path(folder), arguments.pictures)
        try:
            device.press()
            print(f"memory at the start: {device.memory():.0f} MiB")
            if arguments.records:
                fill(Path(folder) / "records/records.sqlite", arguments.records)
                for path in ["/api/v1/records?limit=20", "/api/v1/records?class=none&limit=20"]:
                    print(f"{path}: {timed(device, path):.1f} ms")
            quiet, loaded, rates, waits = [], [], [], []
            for _ in range(arguments.rounds):
                quiet += [device.press() for _ in range(arguments.presses)]
                times, rate, some = under_load(device, arguments.presses)
                loaded += times
                rates.append(rate)
                waits += some
            waits.sort()
            print(f"requests: {statistics.mean(rates):.0f} a second, {len(waits)} in all, median {waits[len(waits) // 2]:.1f} ms, 99 % within {waits[len(waits) * 99 // 100]:.1f} ms")
            for name, times in (("quiet", quiet), ("loaded", loaded)):
                times = sorted(times)
                print(f"press to result, {name}: median {statistics.median(times):.1f} ms, mean {statistics.mean(times):.1f} ms, 90 % within {times[len(times) * 9 // 10]:.1f} ms ({len(times)} presses)")
            print(f"ratio of medians {statistics.median(loaded) / statistics.median(quiet):.3f}, of means {statistics.mean(loaded) / statistics.mean(quiet):.3f}")
            print(f"memory at the end: {device.memory():.0f} MiB")
        finally:
            device.end()


if __name__ == "__main__":
    main()
