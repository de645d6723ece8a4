"""Runs the peers and measures them. See README.md.

  bench.py main     [--repeats 3] [--turns 600] [--open-s 20] [--peers a,b]   saturation + fixed rate, interleaved
  bench.py growth   [--peers a,b]          CPU per turn with 0/9/99/999 earlier turns in the conversation
  bench.py users    [--peers a,b]          CPU per turn with 1k and 100k users' conversations stored
  bench.py long     [--turns 10000]        RSS before and after many turns
  bench.py profile  [--peers a,b]          where the CPU goes, by package (py-spy)
Needs fake.sh and pg.sh started. Results are appended to $BENCH_RUN/results.jsonl.
"""
import argparse, base64, collections, hashlib, json, os, random, re, signal, subprocess, sys, time, urllib.request
from loadgen import cpu_s, rss_mb

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OWN = os.path.join(ROOT, ".venv", "bin", "python")
RUN = os.environ.get("BENCH_RUN", os.path.join(HERE, ".run"))
VENVS = os.environ.get("BENCH_VENVS", os.path.join(RUN, "venvs"))
CPU_SERVER, CPU_REST = os.environ.get("BENCH_CPU_SERVER", "1"), os.environ.get("BENCH_CPU_REST", "0")
PORT = 8080
UVICORN = ["-m", "uvicorn", "--host", "127.0.0.1", "--port", str(PORT), "--no-access-log", "--log-level", "warning"]
# name -> (virtual environment, arguments, BENCH_VARIANT, BENCH_WINDOW)
PEERS = {
    "floor": ("floor", ["floor_app.py"], "", 0),
    "floor-uvloop": ("floor", ["floor_app.py"], "uvloop", 0),
    "floor-splice": ("floor", ["floor_app.py"], "uvloop,splice", 0),
    "floor-window": ("floor", ["floor_app.py"], "", 40),
    "langgraph": ("langgraph", UVICORN + ["langgraph_app:app"], "", 0),
    "langgraph-exit": ("langgraph", UVICORN + ["langgraph_app:app"], "exit", 0),
    "agents": ("agents", UVICORN + ["agents_app:app"], "", 0),
    "agents-chat": ("agents", UVICORN + ["agents_app:app"], "chat", 0),
    "pydanticai": ("pydanticai", UVICORN + ["pydanticai_app:app"], "", 0),
    "m365": ("m365", ["m365_app.py"], "", 0),
    "throughline-chat": ("throughline", "openai_chat", "", 0),
    "throughline-responses": ("throughline", "openai_responses", "", 0),
}
MAIN = ["floor", "throughline-chat", "throughline-responses", "m365", "langgraph", "agents", "pydanticai"]


def out(kind, **kw):
    row = {"kind": kind, "at": round(time.time()), **kw}
    os.makedirs(RUN, exist_ok=True)
    with open(os.path.join(RUN, "results.jsonl"), "a") as f:
        f.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


def db(name):
    return "bench_" + re.sub(r"\W", "_", PEERS[name][0])


def database(name):
    return f"postgresql://bench@127.0.0.1:54329/{db(name)}"


def own_env(backend, url):
    """The settings of a production server that talks to the fakes; the values are the benchmark's own and guard nothing."""
    plain = {"PORT": str(PORT), "PLAYGROUND": "0", "PUBLIC_URL": f"http://127.0.0.1:{PORT}", "DATABASE_URL": url, "LOG_LEVEL": "error",
             "MODEL_BACKEND": backend, "OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": "http://127.0.0.1:9100/v1", "OPENAI_MODEL": "gpt-4o-mini",
             "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "bench-auth-token", "TWILIO_WHATSAPP_FROM": "whatsapp:+14155238886",
             "TWILIO_API_BASE": "http://127.0.0.1:9100", "CONFIG_DIR": os.path.join(ROOT, "bench", "throughline"), "TOOL_PACKS": "bench.throughline.pack",
             "ENCRYPTION_KEYS": "bench:" + base64.b64encode(hashlib.sha256(b"bench").digest()).decode()}
    return plain | {name: hashlib.sha256(name.encode()).hexdigest() for name in ("SECRET_KEY", "INDEX_KEY", "AUDIT_KEY", "API_TOKEN")}


def psql(database, sql):
    return subprocess.run(["psql", "-qAt", "-h", "127.0.0.1", "-p", "54329", "-U", "bench", "-d", database, "-c", sql],
                          check=True, capture_output=True, text=True).stdout.strip()


def fresh_db(name):
    psql("postgres", f"drop database if exists {db(name)} with (force)")
    psql("postgres", f"create database {db(name)}")


def pg_pid():
    with open(os.path.join(RUN, "pg", "postmaster.pid")) as f:
        return int(f.readline())


class Server:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        venv, args, variant, window = PEERS[self.name]
        if venv == "throughline":
            return self.enter_own(args)
        env = {**os.environ, "PORT": str(PORT), "DATABASE": db(self.name), "BENCH_VARIANT": variant, "BENCH_WINDOW": str(window)}
        self.log = open(os.path.join(RUN, "server.log"), "w")
        self.p = subprocess.Popen(["taskset", "-c", CPU_SERVER, os.path.join(VENVS, venv, "bin", "python"), *args],
                                  cwd=os.path.join(HERE, "peers"), env=env, stdout=self.log, stderr=self.log)
        return self.started("/healthz")

    def enter_own(self, backend):
        """Throughline as it is run in production: its own interpreter, migrations, encryption, outbox, audit and all."""
        self.log = open(os.path.join(RUN, "server.log"), "w")
        env = {**os.environ, **own_env(backend, database(self.name))}
        self.p = subprocess.Popen(["taskset", "-c", CPU_SERVER, OWN, "-m", "bot", "serve"], cwd=ROOT, env=env, stdout=self.log, stderr=self.log)
        return self.started("/readyz")

    def started(self, path):
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=1).read()
                break
            except OSError:
                if self.p.poll() is not None:
                    raise SystemExit(f"{self.name} did not start, see server.log in the run directory")
                time.sleep(0.1)
        self.start_cpu = cpu_s(self.p.pid)
        return self

    def __exit__(self, *a):
        self.p.send_signal(signal.SIGTERM)
        try:
            self.p.wait(20)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()

    def load(self, **kw):
        if PEERS[self.name][0] == "throughline":
            kw = {"target": f"http://127.0.0.1:{PORT}/whatsapp/webhook", **kw}
        args = [x for k, v in kw.items() for x in (["--" + k.replace("_", "-")] if v is True else ["--" + k.replace("_", "-"), str(v)])]
        r = subprocess.run(["taskset", "-c", CPU_REST, sys.executable, os.path.join(HERE, "loadgen.py"), "--server-pid", str(self.p.pid),
                            "--pg-pid", str(pg_pid()), *args], check=True, capture_output=True, text=True)
        return json.loads(r.stdout.strip().splitlines()[-1])

    def seed_many(self, base, users, turns):
        """Earlier turns of many users, written through the store (encryption is per identity, so rows cannot be cloned)."""
        env = {**os.environ, **own_env(PEERS[self.name][1], database(self.name))}
        subprocess.run([OWN, "-m", "bench.seed", "--base", str(base), "--users", str(users), "--turns", str(turns)], cwd=ROOT, env=env, check=True)

    def seed(self, user, turns):
        req = urllib.request.Request(f"http://127.0.0.1:{PORT}/_seed", json.dumps({"user": user, "turns": turns}).encode(),
                                     {"Content-Type": "application/json"})
        urllib.request.urlopen(req, timeout=600).read()

    def warm(self, base=900_000_000):
        return self.load(users=20, turns=5, user_base=base + random.randrange(90_000_000), concurrency=8, timeout=120)


def main(a):
    for n in a.peers:
        fresh_db(n)
    base = 0
    for rep in range(a.repeats):
        order = a.peers[:]
        random.shuffle(order)
        for n in order:
            base += 100_000
            with Server(n) as s:
                idle = rss_mb(s.p.pid)
                s.warm()
                sat = s.load(users=a.turns // 5, turns=5, user_base=base, concurrency=a.concurrency, timeout=120)
                fixed = s.load(mode="open", rate=a.rate, users=max(1, int(a.rate * a.open_s / 2)), turns=2, user_base=base + 50_000, timeout=120) if a.open_s else None
                out("main", peer=n, rep=rep, start_cpu_s=s.start_cpu, idle_rss_mb=idle, saturation=sat, fixed=fixed, load1=os.getloadavg()[0])


def growth(a):
    for n in a.peers:
        with Server(n) as s:
            s.warm()
            for past, users in ((0, 150), (9, 150), (99, 40), (999, 8)):
                base = random.randrange(10**8, 8 * 10**8)
                if past and PEERS[n][0] == "throughline":
                    s.seed_many(base, users, past)
                elif past:
                    for u in range(users):
                        s.seed(f"whatsapp:+1{base + u:010d}", past)
                r = s.load(users=users, turns=1, turn_base=past + 1, user_base=base, concurrency=4, timeout=300)
                out("growth", peer=n, past=past, **r)


CLONE = {  # copies the seeded conversation of one user to :n users
    "floor": "insert into message(user_id,data) select 'whatsapp:+1'||lpad((:b+g)::text,10,'0'), m.data from generate_series(1,:n) g, (select data from message where user_id=':u' order by id) m",
    "m365": "insert into state(key,data) select 'twilio/conversations/whatsapp:+1'||lpad((:b+g)::text,10,'0'), m.data from generate_series(1,:n) g, (select data from state where key='twilio/conversations/:u') m",
    "pydanticai": "insert into history(user_id,messages) select 'whatsapp:+1'||lpad((:b+g)::text,10,'0'), m.messages from generate_series(1,:n) g, (select * from history where user_id=':u' order by id) m",
    "agents": "insert into agent_sessions(session_id) select 'whatsapp:+1'||lpad((:b+g)::text,10,'0') from generate_series(1,:n) g; insert into agent_messages(session_id,message_data,created_at) select 'whatsapp:+1'||lpad((:b+g)::text,10,'0'), m.message_data, m.created_at from generate_series(1,:n) g, (select * from agent_messages where session_id=':u' order by id) m",
    "langgraph": "insert into checkpoints select 'whatsapp:+1'||lpad((:b+g)::text,10,'0'), checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata from generate_series(1,:n) g, checkpoints where thread_id=':u'; insert into checkpoint_blobs select 'whatsapp:+1'||lpad((:b+g)::text,10,'0'), checkpoint_ns, channel, version, type, blob from generate_series(1,:n) g, checkpoint_blobs where thread_id=':u'; insert into checkpoint_writes select 'whatsapp:+1'||lpad((:b+g)::text,10,'0'), checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path from generate_series(1,:n) g, checkpoint_writes where thread_id=':u'",
}


def users(a):
    for n in a.peers:
        fresh_db(n)
        with Server(n) as s:
            s.warm()
            src = 999_999_990
            own = PEERS[n][0] == "throughline"
            s.load(users=1, turns=2, user_base=src, concurrency=1, timeout=120)
            done = 0
            for total in (1_000, 100_000):
                if own:
                    s.seed_many(done, total - done, 2)
                sql = "select 1" if own else CLONE[PEERS[n][0]].replace(":u", f"whatsapp:+1{src:010d}").replace(":b", str(done)).replace(":n", str(total - done))
                psql(db(n), sql)
                psql(db(n), "vacuum analyze")
                psql(db(n), "checkpoint")
                done = total
                size = int(psql(db(n), "select pg_database_size(current_database())"))
                for rep in range(a.repeats):
                    r = s.load(users=150, turns=2, user_base=random.randrange(1, total - 200), turn_base=3, concurrency=8, timeout=120)
                    out("users", peer=n, stored_users=total, rep=rep, db_mb=round(size / 1e6, 1), **r)


def long(a):
    for n in a.peers:
        fresh_db(n)
        with Server(n) as s:
            idle = rss_mb(s.p.pid)
            s.warm()
            r0, size0 = rss_mb(s.p.pid), int(psql(db(n), "select pg_database_size(current_database())"))
            r = s.load(users=a.turns // 10, turns=10, user_base=1, concurrency=16, timeout=300)
            size = int(psql(db(n), "select pg_database_size(current_database())"))
            out("long", peer=n, idle_rss_mb=idle, warm_rss_mb=r0, db_kb_per_turn=round((size - size0) / 1000 / max(1, r["completed"]), 2), **r)


def package(frame):
    m = re.search(r"site-packages/([A-Za-z0-9_]+)(?:[./]([A-Za-z0-9_]+))?", frame)
    if m:
        return m.group(1)
    if "peers/" in frame or "_app.py" in frame or "common.py" in frame or "twilio_io.py" in frame:
        return "(application)"
    m = re.search(r"lib/python3\.\d+/([A-Za-z0-9_]+)", frame)
    return "stdlib:" + m.group(1) if m else "(interpreter)"


IDLE = re.compile(r"(_worker .*concurrent/futures/thread|queue\.py|(wait|acquire) .*threading\.py|select .*selectors\.py)")


def profile(a):
    for n in a.peers:
        raw = os.path.join(RUN, f"profile-{n.replace(':', '-').replace(',', '-')}.txt")
        with Server(n) as s:
            s.warm()
            spy = subprocess.Popen([os.path.join(VENVS, "tools", "bin", "py-spy"), "record", "-p", str(s.p.pid), "-d", str(a.seconds), "-r", "200",
                                    "-f", "raw", "--full-filenames", "-o", raw], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1)
            s.load(users=2000, turns=5, concurrency=16, timeout=120, user_base=random.randrange(10**8, 8 * 10**8), max_s=a.seconds)
            spy.wait()
        self_t, incl, total = collections.Counter(), collections.Counter(), 0
        for line in open(raw):
            stack, k = line.rsplit(" ", 1)
            k, frames = int(k), stack.split(";")
            if IDLE.search(frames[-1]):   # a parked worker thread, not work
                continue
            total += k
            self_t[package(frames[-1])] += k
            for p in {package(f) for f in frames}:
                incl[p] += k
        out("profile", peer=n, samples=total, self_pct={p: round(100 * v / total, 1) for p, v in self_t.most_common(22)},
            inclusive_pct={p: round(100 * v / total, 1) for p, v in incl.most_common(30)})


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=["main", "growth", "users", "long", "profile"])
    p.add_argument("--peers", default=",".join(MAIN), help="separate with ',' ; a variant name keeps its own commas when written with '+'")
    p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--turns", type=int, default=600)
    p.add_argument("--open-s", type=float, default=20)
    p.add_argument("--rate", type=float, default=20)
    p.add_argument("--concurrency", type=int, default=16)
    p.add_argument("--seconds", type=int, default=15)
    a = p.parse_args()
    a.peers = [x.replace("+", ",") for x in a.peers.split(",")]
    globals()[a.what](a)
