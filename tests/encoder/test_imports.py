import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "encoder",
        "encoder.exceptions",
        "encoder.geometry",
        "encoder.images",
        "encoder.quality",
        "encoder.spec",
        "encoder.weights.dlib_network",
    ],
)
def test_a_process_that_needs_only_the_words_loads_no_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_packages_that_carry_the_weights_are_not_imported() -> None:
    code = (
        "import sys, encoder.checkpoints as checkpoints;"
        "checkpoints.locate_factory_weights(); checkpoints.load_detector_networks();"
        "sys.exit(bool({'mtcnn', 'face_recognition_models', 'pkg_resources'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
