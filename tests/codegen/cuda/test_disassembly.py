"""Machine code as text: with the disassembler, without it, and of bytes that are no image."""

import pytest

import tdsl as td
from tdsl.codegen.cuda import disassembly
from tdsl.codegen.cuda.nvrtc import compile_cuda
from tests.support.gpu_schedules import SAMPLES


@pytest.mark.needs("cuda-dev", "nvidia")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90", "sm_120"])
def test_instructions_of_every_kernel(architecture):
    source = td.build(SAMPLES["two_kernels"]().scheduled, target=f"cuda:{architecture}").source("cuda")
    text = disassembly.disassembled(compile_cuda(source, architecture).cubin)
    assert ".text.a_kernel" in text
    assert ".text.b_kernel" in text
    assert "LDG.E" in text
    assert "FMUL" in text


@pytest.mark.needs("cuda-dev", "nvidia")
def test_bytes_that_are_no_image():
    with pytest.raises(td.MissingTool) as caught:
        disassembly.disassembled(b"no image")
    assert caught.value.code == "T105"
    assert "did not read the image" in str(caught.value)


def test_no_disassembler(monkeypatch):
    monkeypatch.setattr(disassembly, "packaged", lambda *patterns: iter(()))
    monkeypatch.setattr(disassembly.shutil, "which", lambda name: None)
    monkeypatch.delenv("TDSL_NVDISASM", raising=False)
    with pytest.raises(td.MissingTool) as caught:
        disassembly.disassembled(b"")
    assert (caught.value.code, caught.value.extra) == ("T105", "cuda-dev")
    assert "pip install 'tdsl[cuda-dev]'" in str(caught.value)


@pytest.mark.parametrize("kind", ["absent", "a folder", "not executable"])
def test_a_disassembler_that_is_none(monkeypatch, tmp_path, kind):
    named = tmp_path / "nvdisasm"
    if kind == "a folder":
        named.mkdir()
    elif kind == "not executable":
        named.write_text("no program")
    monkeypatch.setenv("TDSL_NVDISASM", str(named))
    with pytest.raises(td.MissingTool) as caught:
        disassembly.disassembled(b"")
    assert caught.value.code == "T105"
