"""Pieces of Python from which the law of re-running is tried: families of state that hides.

A family is what it needs (``begins``) and what is done with it (``pieces``): blocks that bind,
change, alias, hide and show the same state, so that a random few of them meet in a note. ``N`` is
a number, which edits change.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """``begins`` stand early in a note, one block each; ``torch``: needs the library."""

    begins: tuple[str, ...]
    pieces: tuple[str, ...]
    torch: bool = False


NUMBERS = Family(
    begins=("x = N\ny = N",),
    pieces=(
        "print('x', x, 'y', y)",
        "x = y + N",
        "x += N",
        "x, y = y, x",
        "del x",
        "if y > N:\n    x = N",
        "for x in range(N):\n    y = y + x",
        "while x < N:\n    x += 1",
        "print(z := x + N)",
        "print('z', z)",
        "def f(v=N):\n    return v * x",
        "print('f', f())",
        "def g():\n    return f() + y",
        "print('g', g())",
        "def bump():\n    global x\n    x += N\n    return x",
        "print('bump', bump())",
        "h = f",
        "print('h', h(N))",
        "f.calls = N",
        "print('calls', getattr(h, 'calls', None), getattr(f, 'calls', None))",
        "h.calls = N",
        "fs = [lambda: x, f]",
        "print('fs', [call() for call in fs])",
        "try:\n    x = N // (y - N)\nexcept ZeroDivisionError:\n    x = 0",
        "1 / (x - N)",
        "assert x != N",
        "match x:\n    case 1 | 2 | 3:\n        y = N\n    case other:\n        y = other",
        "print([w := v + x for v in range(N)][-1:])",
        "print('w', w)",
        "if x > N:\n    def f(v=N):\n        return -v",
        "import random\nprint('random', random.randrange(10 ** N))",
        "import random\nrng = random.Random(N)",
        "print('rng', rng.random())",
        "draw = rng.randrange",
        "print('draw', draw(10 ** N))",
        "import random\nrandom.seed(N)\nprint('seeded', random.random())",
    ),
)

LISTS = Family(
    begins=("items = [N, N]", "log = []"),
    pieces=(
        "print('items', items)",
        "print('log', len(log), log)",
        "items.append(N)",
        "alias = items",
        "alias.append(N)",
        "items = items + [N]",
        "items += [N]",
        "items[0] = N",
        "items[:] = [N]",
        "del items[0]",
        "items.sort()",
        "print(sorted(items, key=lambda v: -v))",
        "log.append(items)",
        "log[-1].append(N)",
        "rows = [items, [N]]",
        "rows[0].append(N)",
        "print('rows', rows)",
        "sorted(rows)[0].append(N)",
        "max(items, [N]).append(N)",
        "(items or log).append(N)",
        "[items][0].append(N)",
        "{'a': items}['a'].append(N)",
        "(items if items else log)[0:1] = [N]",
        "first, *rest = items",
        "print('rest', rest)",
        "push = items.append",
        "push(N)",
        "list.append(items, N)",
        "import operator\noperator.iadd(items, [N])",
        "it = iter(items)",
        "print('next', next(it))",
        "print('sum', sum(it))",
        "print('in', N in it)",
        "pairs = zip(items, items)",
        "print('pairs', list(pairs))",
        "gen = (v * len(log) for v in items)",
        "print('gen', list(gen))",
        "lazy = map(lambda v: v + len(log), items)",
        "print('lazy', list(lazy))",
        "copied = items[:]\ncopied.append(N)",
        "print('copied', copied)",
        "kept = items or [N]",
        "kept.append(N)",
        "def put(v, into=items):\n    into.append(v)\n    return len(into)",
        "print('put', put(N))",
        "def fresh(start=[]):\n    start.append(N)\n    return len(start)",
        "print('fresh', fresh())",
        "def total():\n    return sum(items)",
        "print('total', total())",
        "for row in [items, log]:\n    row.append(N)",
        "[row.append(N) for row in (items, log)]",
        "any(items.append(v) for v in range(N))",
        "list(map(items.append, [N]))",
        "import functools\nlater = functools.partial(items.append, N)",
        "later()",
        "class Sum:\n    items.append(N)\n    seen = len(items)",
        "print('seen', Sum.seen)",
        "print('popped', items.pop())",
        "try:\n    items.pop()\n    items.pop()\nexcept IndexError:\n    items = [N]",
        "import itertools\nprint('first', list(itertools.islice(it, 1)))",
        "import heapq\nheapq.heappush(items, N)",
        "import copy\ndeep = copy.deepcopy(log)",
        "print('deep', deep)",
    ),
)

TABLES = Family(
    begins=(
        "table = {'a': [N], 'b': [N]}",
        "import collections\ncounts = collections.defaultdict(list)",
    ),
    pieces=(
        "print('table', table)",
        "print('counts', dict(counts))",
        "table['a'].append(N)",
        "table['c'] = [N]",
        "table.update(d=[N])",
        "table |= {'e': [N]}",
        "inner = table['a']",
        "inner.append(N)",
        "for value in table.values():\n    value.append(N)",
        "list(table.values())[0].append(N)",
        "next(iter(table.values())).append(N)",
        "dict(table)['a'].append(N)",
        "print('missing', counts['m'])",
        "counts['k'].append(N)",
        "print(table.setdefault('z', [N]))",
        "print('pop', table.pop('b', None))",
        "view = table.keys()",
        "print('view', sorted(view))",
        "merged = {**table, 'm': N}",
        "print('merged', merged)",
        "cell = lambda key: table[key]",
        "cell('a').append(N)",
        "print('cell', cell('a'))",
        "del table['a']",
        "print(len(counts), 'x' in counts)",
        "a, b = table.get('a', []), table.get('b', [])",
        "a.append(N)",
        "print('ab', a, b)",
    ),
)

CLASSES = Family(
    begins=(
        "class Box:\n    kept = []\n    made = 0\n    scale = N\n\n    def __init__(self, v):\n        self.v = v\n"
        "        Box.made += 1\n\n    def put(self, v):\n        self.kept.append(v * self.scale)\n        return self.v\n\n"
        "    @property\n    def double(self):\n        return self.v * 2 * self.scale",
        "box = Box(N)",
    ),
    pieces=(
        "print('made', Box.made)",
        "print('kept', Box.kept)",
        "print('box', box.v, box.double)",
        "print('put', box.put(N))",
        "other = Box(N)",
        "print('other', other.v, other.kept)",
        "Box.kept = [N]",
        "box.v = N",
        "box.v += N",
        "box.kept.append(N)",
        "type(box).scale = N",
        "box.__class__.scale = N",
        "Kind = Box",
        "Kind.scale = N",
        "Kind.scale += N",
        "class Crate(Box):\n    extra = N\n\n    def put(self, v):\n        return super().put(v) + self.extra",
        "crate = Crate(N)",
        "print('crate', crate.put(N), crate.double)",
        "Crate.extra = N",
        "Box.scale = N",
        "Box.put = lambda self, v: v + N",
        "setattr(box, 'v', N)",
        "setattr(Box, 'scale', N)",
        "vars(box)['v'] = N",
        "box.__dict__.update(v=N)",
        "boxes = [Box(n) for n in range(N)]",
        "print('boxes', sum(b.v for b in boxes))",
        "for b in boxes:\n    b.v = N",
        "put = box.put",
        "print('bound', put(N))",
        "print('classes', [kind.__name__ for kind in Box.__subclasses__()])",
        "box.twin = box\nbox.twin.v = N",
        "def spoil(b):\n    b.v = N\n    return b",
        "print('spoilt', spoil(box).v)",
        "del box.v",
        "for kind in (Box, str)[:1]:\n    kind.scale = N",
        "kinds = {'box': Box}",
        "kinds['box'].scale = N",
        "def rescale(kinds, n):\n    for kind in kinds:\n        kind.scale = n",
        "rescale([Box], N)",
        "import functools\nrescaled = functools.partial(setattr, Box, 'scale')",
        "rescaled(N)",
        "make = lambda: box",
        "make().v = N",
    ),
)

LIVELY = Family(
    begins=(
        "class Meter:\n    def __init__(self):\n        self.n = 0\n\n    @property\n    def next(self):\n        self.n += N\n"
        "        return self.n\n\n    def __lshift__(self, v):\n        self.n += v\n        return self\n\n"
        "    def __getitem__(self, i):\n        self.n += i\n        return self.n\n\n    def __len__(self):\n        self.n += 1\n"
        "        return self.n\n\n    def __call__(self, v):\n        self.n += v\n        return self.n\n\n"
        "    def __iter__(self):\n        self.n += N\n        yield self.n\n\n    def __contains__(self, v):\n"
        "        self.n += 1\n        return v == self.n\n\n    def __str__(self):\n        self.n += 1\n        return f'at {self.n}'\n\n"
        "    def __enter__(self):\n        self.n += N\n        return self\n\n    def __exit__(self, *e):\n        self.n += 1",
        "meter = Meter()",
    ),
    pieces=(
        "print('n', meter.n)",
        "print('next', meter.next)",
        "meter << N",
        "print('item', meter[N])",
        "print('len', len(meter))",
        "print('call', meter(N))",
        "print('iter', list(meter))",
        "print('in', N in meter)",
        "print('text', str(meter))",
        "print(f'shown {meter}')",
        "with meter as m:\n    print('with', m.n)",
        "meters = [meter, Meter()]",
        "print('all', [m.next for m in meters])",
        "reading = meter.next",
        "print('reading', reading)",
        "x, *_ = meter",
        "second = meter",
        "print('second', second.next)",
        "def read():\n    return meter.next",
        "print('read', read())",
        "if meter:\n    print('true')",
        "for n in meter:\n    print('for', n)",
        "meter = Meter() << N",
        "print(max(meter.next, N))",
    ),
)

FUNCTIONS = Family(
    begins=(
        "import functools\n\nscale = N\n\n@functools.lru_cache\ndef cached(v):\n    return v * scale",
        "calls = []\n\ndef counted(fn):\n    def wrapper(*args):\n        calls.append(len(args))\n        return fn(*args) + N\n"
        "    return wrapper",
        "def counter():\n    n = N\n    def up(by=1):\n        nonlocal n\n        n += by\n        return n\n    return up\n\nup = counter()",
    ),
    pieces=(
        "print('cached', cached(N))",
        "scale = N",
        "cached.cache_clear()",
        "print(cached.cache_info().misses)",
        "@counted\ndef area(v):\n    return v * scale",
        "print('area', area(N))",
        "print('calls', calls)",
        "print('up', up())",
        "up(N)",
        "more = up",
        "print('more', more(N))",
        "up = counter()",
        "def series(k):\n    for i in range(k):\n        calls.append(i)\n        yield i * scale",
        "stream = series(5)",
        "print('stream', next(stream))",
        "print('rest', list(stream))",
        "@functools.singledispatch\ndef kind(v):\n    return N",
        "@kind.register\ndef _(v: int):\n    return v + N",
        "print('kind', kind(2))",
        "registry = {}\n\ndef register(fn):\n    registry[fn.__name__] = fn\n    return fn",
        "@register\ndef act():\n    return scale",
        "print('registry', {name: fn() for name, fn in registry.items()})",
        "hooks = []\nhooks.append(lambda v: calls.append(v))",
        "for hook in hooks:\n    hook(N)",
        "import contextlib\n\n@contextlib.contextmanager\ndef scaled(v):\n    global scale\n    before, scale = scale, v\n    yield v\n    scale = before",
        "with scaled(N):\n    print('scaled', scale)",
        "block = scaled(N)\nblock.__enter__()",
        "print('scale', scale)",
        "def outer(v):\n    def inner():\n        return v * scale\n    return inner",
        "inner = outer(N)",
        "print('inner', inner())",
        "twice = lambda fn: (lambda v: fn(fn(v)))",
        "print('twice', twice(cached)(N))",
        "curried = functools.partial(cached, N)",
        "print('curried', curried())",
        "print('reduced', functools.reduce(lambda a, b: a * scale + b, [1, 2], N))",
        "import dataclasses\n\n@dataclasses.dataclass\nclass Point:\n    v: int = N\n    seen: list = dataclasses.field(default_factory=list)",
        "point = Point()\npoint.seen.append(N)",
        "print('point', point)",
        "sum = lambda values: calls.append(N) or N",
        "print('sum', sum([1, 2]))",
    ),
)

SWITCHES = Family(
    begins=("import os, sys, warnings, logging, decimal, math",),
    pieces=(
        "os.environ['RUNNER_LAW'] = str(N)",
        "print('env', os.environ.get('RUNNER_LAW'))",
        "env = os.environ",
        "env['RUNNER_LAW'] = str(N)",
        "from os import environ\nenviron.update(RUNNER_LAW=str(N))",
        "os.environ.pop('RUNNER_LAW', None)",
        "del os.environ['RUNNER_LAW']",
        "decimal.getcontext().prec = N",
        "context = decimal.getcontext()",
        "context.prec = N",
        "print('third', decimal.Decimal(1) / 3)",
        "with decimal.localcontext() as local:\n    local.prec = N\n    print('local', decimal.Decimal(2) / 3)",
        "warnings.simplefilter('error')",
        "warnings.simplefilter('ignore')",
        "from warnings import simplefilter as quiet\nquiet('ignore')",
        "def warn():\n    warnings.warn('careful')\n    return N",
        "print('warned', warn())",
        "with warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    print('caught', warn())",
        "logger = logging.getLogger('law')",
        "logger.setLevel(logging.INFO)",
        "logger.disabled = True",
        "print('level', logging.getLogger('law').level, logging.getLogger('law').disabled)",
        "math.tau = N",
        "from math import tau\nprint('tau', tau)",
        "print('math', math.tau)",
        "sys.setrecursionlimit(1000 + N)",
        "print('limit', sys.getrecursionlimit())",
        "sys.argv.append('N')",
        "print('argv', len(sys.argv))",
        "math_again = math\nmath_again.tau = N",
        "for module in (math, decimal):\n    module.tau = N",
        "def patch(module, n):\n    module.tau = n",
        "patch(math, N)",
        "import builtins\nbuiltins.shown = N",
        "print('shown', shown)",
        "exec('z = N')",
        "print('z', globals().get('z'))",
        "globals()['w'] = N",
        "print('w', w)",
        "from math import *\nprint('floor', floor(N))",
        "print('eval', eval('N + 1'))",
        "locals()['v'] = N",
        "print('v', v)",
        "def set_global(name, value):\n    globals()[name] = value",
        "set_global('u', N)",
        "print('u', u)",
        "import string\nstring.digits = 'N'",
        "print('digits', string.digits)",
    ),
)

ON_DISK = Family(
    begins=("from pathlib import Path", "def load():\n    return Path('out.txt').read_text()"),
    pieces=(
        "Path('out.txt').write_text('N')",
        "print('file', Path('out.txt').read_text())",
        "print('load', load())",
        "print('data', Path('data.txt').read_text())",
        "rows = [int(row) for row in Path('data.txt').read_text().split()]",
        "print('rows', sum(rows))",
        "with open('out.txt', 'w') as file:\n    file.write('N')",
        "with open('out.txt') as file:\n    print('read', file.read())",
        "def save(v):\n    Path('out.txt').write_text(str(v))",
        "save(N)",
        "import json\njson.dump([N], open('out.json', 'w'))",
        "import json\nprint('json', json.load(open('out.json')))",
        "handle = open('data.txt')",
        "print('line', handle.readline())",
        "import shutil\nshutil.copy('data.txt', 'out.txt')",
        "where = Path('out.txt')",
        "where.write_text('N')",
        "print('where', where.read_text())",
        "import os\nprint('size', os.path.getsize('data.txt'))",
        "import io\nbuffer = io.StringIO('N')",
        "print('N', file=buffer)",
        "print('buffer', buffer.getvalue())",
    ),
)

HELPERS = Family(
    begins=("import helper", "from helper import state, touch"),
    pieces=(
        "print('helper', helper.state)",
        "print('state', state)",
        "touch(N)",
        "helper.touch(N)",
        "helper.state.append(N)",
        "state.append(N)",
        "kept = helper.state",
        "kept.append(N)",
        "helper.scale = N",
        "print('scaled', helper.scaled(N))",
        "tape = helper.Tape(N)",
        "print('tape', tape.next)",
        "again = tape",
        "print('again', again.next)",
        "from helper import scaled\nprint('from', scaled(N))",
        "import helper as h\nh.touch(N)",
        "import aid\nprint('aid', aid.value)",
        "from aid import value\nprint('value', value * N)",
        "def use():\n    import helper\n    helper.touch(N)\n    return len(helper.state)",
        "print('use', use())",
        "print('len', len(state))",
        "import importlib\nimportlib.reload(helper)",
    ),
)

OTHERS = Family(
    begins=("from vault.other import push, shared, total",),
    pieces=(
        "print('push', push(N))",
        "print('shared', shared)",
        "shared.append(N)",
        "print('total', total())",
        "mine = shared",
        "mine.append(N)",
        "import vault.other as other",
        "other.factor = N",
        "other.shared.append(N)",
        "print('other', other.shared, other.factor)",
        "from vault.other import Shape\nshape = Shape(N)",
        "print('shape', shape.area())",
        "Shape.side = N",
        "class Square(Shape):\n    extra = N",
        "print('square', Square(N).area())",
        "from vault.other import reset\nreset()",
        "from vault import other as o\nprint('factor', o.factor)",
    ),
)

# Training with objects of one's own: the shape of a PyTorch note at a thousandth of its cost.
TRAINING = Family(
    begins=(
        "class Parameter:\n    def __init__(self, v):\n        self.v, self.grad = v, 0.0\n\n    def __mul__(self, other):\n        return Loss(self, other)",
        "class Loss:\n    def __init__(self, p, k):\n        self.p, self.k, self.v = p, k, p.v * k\n\n    def backward(self):\n        self.p.grad += self.k\n\n"
        "    def item(self):\n        return round(self.v, 3)",
        "class Net:\n    def __init__(self):\n        self.w, self.training, self.steps = Parameter(1.0), True, 0\n\n    def parameters(self):\n        yield self.w\n\n"
        "    def __call__(self, k):\n        self.steps += self.training\n        return self.w * k\n\n    def eval(self):\n        self.training = False\n        return self",
        "class Descent:\n    def __init__(self, params, lr=0.1):\n        self.params, self.lr = list(params), lr\n\n    def step(self):\n        for p in self.params:\n"
        "            p.v -= self.lr * p.grad\n\n    def zero_grad(self):\n        for p in self.params:\n            p.grad = 0.0",
        "net = Net()",
        "descent = Descent(net.parameters(), lr=0.N)",
        "losses = []",
    ),
    pieces=(
        "for epoch in range(N):\n    loss = net(N)\n    loss.backward()\n    descent.step()\n    descent.zero_grad()\n    losses.append(loss.item())",
        "def train(model, steps):\n    for _ in range(steps):\n        net(N).backward()\n        descent.step()\n        losses.append(model.w.v)",
        "train(net, N)",
        "print('losses', [round(v, 3) for v in losses])",
        "print('w', round(net.w.v, 3), round(net.w.grad, 3))",
        "print('steps', net.steps, net.training)",
        "net.eval()",
        "net.training = True",
        "descent.lr = 0.N",
        "for group in [descent]:\n    group.lr *= N",
        "descent.step()",
        "loss = net(N)\nprint('loss', loss.item())",
        "loss.backward()",
        "weights = list(net.parameters())",
        "weights[0].v = 0.N",
        "for p in net.parameters():\n    p.v += N",
        "saved = net.w.v",
        "net.w.v = saved",
        "print('saved', round(saved, 3))",
        "import copy\nteacher = copy.deepcopy(net)",
        "print('teacher', round(teacher.w.v, 3), teacher(N).item())",
        "teacher.w = net.w",
        "net = Net()",
        "descent = Descent(net.parameters(), lr=0.N)",
        "print('evaluated', net.eval()(N).item())",
        "best = min(losses, default=N)\nprint('best', round(best, 3))",
        "forward = net.__call__",
        "print('forward', forward(N).item())",
    ),
)

FIGURES = Family(
    begins=("import matplotlib.pyplot as plt", "curve = [N, 1, N]"),
    pieces=(
        "plt.plot(curve);",
        "fig, ax = plt.subplots(figsize=(2, 1))",
        "ax.plot(curve, lw=N)\nfig",
        "curve.append(N)",
        "plt.rcParams['figure.dpi'] = 40 + N",
        "settings = plt.rcParams\nsettings['lines.linewidth'] = N",
        "print('curve', curve)",
        "plt.bar(range(len(curve)), curve)\nplt.show()",
        "print('dpi', plt.rcParams['figure.dpi'], plt.rcParams['lines.linewidth'])",
        "import numpy as np\nnoise = np.random.rand(N)",
        "print('noise', noise.round(3))",
        "noise[0] = N",
        "part = noise[:1]\npart += N",
        "np.set_printoptions(precision=N)",
        "print(np.float64(1) / 3, np.ones(1) / 3)",
        "draws = np.random.default_rng(N)",
        "print('draws', draws.integers(0, 100, N))",
    ),
)

TORCH = Family(
    begins=(
        "import torch\nfrom torch import nn",
        "class Model(nn.Module):\n    seen = 0\n\n    def __init__(self):\n        super().__init__()\n        self.a = nn.Linear(2, 2)\n        self.norm = nn.BatchNorm1d(2)\n\n"
        "    def forward(self, v):\n        Model.seen += 1\n        return self.norm(torch.tanh(self.a(v)))",
        "model = Model()",
        "optimiser = torch.optim.SGD(model.parameters(), lr=0.N)",
        "data = torch.randn(8, 2)",
    ),
    pieces=(
        "for _ in range(N):\n    loss = ((model(data) - N) ** 2).mean()\n    optimiser.zero_grad()\n    loss.backward()\n    optimiser.step()",
        "print('loss', round(float(loss.detach()), 4))",
        "print('weights', [round(v, 4) for v in model.a.weight.flatten().tolist()])",
        "print('mean', model.norm.running_mean.tolist(), Model.seen)",
        "model.eval()",
        "model.train()",
        "print('training', model.training)",
        "weight = model.a.weight",
        "with torch.no_grad():\n    weight.mul_(0.N)",
        "with torch.no_grad():\n    for p in model.parameters():\n        p += 0.N",
        "nn.init.constant_(model.a.bias, 0.N)",
        "state = model.state_dict()",
        "state['a.bias'].zero_()",
        "model.load_state_dict(state)",
        "hook = model.register_forward_hook(lambda m, i, o: o * N)",
        "hook.remove()",
        "print('out', model(data).sum().item())",
        "torch.set_default_dtype(torch.float64)",
        "print('dtype', torch.ones(1).dtype, torch.rand(1).item())",
        "torch.manual_seed(N)\nprint('seeded', torch.rand(1).item())",
        "generator = torch.Generator()\ngenerator.manual_seed(N)",
        "print('drawn', torch.rand(2, generator=generator).tolist())",
        "nn.ReLU(inplace=True)(data)",
        "data.clamp_(-N, N)",
        "part = data[:1]\npart += N",
        "torch.add(data, N, out=data)",
        "print('data', data.sum().item(), data.dtype)",
        "view = data.view(-1)",
        "view[0] = N",
        "torch.set_grad_enabled(False)",
        "print('grad', torch.is_grad_enabled(), model(data).requires_grad)",
        "loader = torch.utils.data.DataLoader(list(range(8)), batch_size=N, shuffle=True)",
        "batches = iter(loader)",
        "print('batch', next(batches).tolist())",
        "schedule = torch.optim.lr_scheduler.StepLR(optimiser, 1, 0.N)",
        "optimiser.step()\nschedule.step()",
        "print('rate', optimiser.param_groups[0]['lr'])",
        "optimiser.param_groups[0]['lr'] = 0.N",
        "model.apply(lambda m: m.eval())",
        "array = data.numpy()",
        "array[0] = N",
        "nn.utils.clip_grad_norm_(model.parameters(), 0.N)",
        "average = torch.optim.swa_utils.AveragedModel(model)",
        "average.update_parameters(model)",
        "print('average', [round(v, 4) for v in average.module.a.bias.tolist()])",
    ),
    torch=True,
)

FAMILIES = {
    "numbers": NUMBERS,
    "lists": LISTS,
    "tables": TABLES,
    "classes": CLASSES,
    "lively": LIVELY,
    "functions": FUNCTIONS,
    "switches": SWITCHES,
    "files": ON_DISK,
    "helpers": HELPERS,
    "others": OTHERS,
    "training": TRAINING,
    "figures": FIGURES,
    "torch": TORCH,
}

# What a block may die of; after it the rest of the note goes on in a fresh process.
DEATHS = ("import os\nos._exit(N)", "raise SystemExit(N)", "raise KeyboardInterrupt")

TESTS = (
    "assert True",
    "def test_number():\n    assert N < 4",
    "import pytest\n\n@pytest.mark.parametrize('v', [1, N])\ndef test_many(v):\n    assert v < 5",
)

# The note that Main imports, in this order, and the modules beside the notes.
OTHER = (
    "shared = []\nfactor = N",
    "def push(v):\n    shared.append(v * factor)\n    return len(shared)",
    "def total():\n    return sum(shared) + N",
    "class Shape:\n    side = N\n\n    def __init__(self, v):\n        self.v = v\n        shared.append(v)\n\n    def area(self):\n        return self.v * self.side * factor",
    "def reset():\n    global factor\n    factor = N\n    shared.clear()",
    "print('defined', factor)",
)
_HELPER = """import aid

state = [N]
scale = N


def touch(v):
    state.append(v)


def scaled(v):
    return v * scale * aid.value


class Tape:
    def __init__(self, v):
        self.v = v

    @property
    def next(self):
        self.v += N
        return self.v
"""
FILES = {
    "helper.py": _HELPER,
    "aid.py": "value = N\nprint('aid', value)\n",
    "data.txt": "N\nN\n",
}
