"""Networks are made by name, and what that costs."""

from __future__ import annotations

import subprocess
import sys


def test_making_a_network_loads_no_compiler() -> None:
    """Arithmetic on tensors without memory, by which weights are counted, would load one: 1.3 s."""
    code = (
        "import sys; from bayes_a2m import registry\n"
        "from bayes_a2m.networks.network import make_network\n"
        "for name in registry.names('networks'):\n"
        "    make_network(name, {}, bins=180, classes=50)\n"
        "print([m for m in ('torch._dynamo', 'sympy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
