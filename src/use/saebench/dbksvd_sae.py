"""A dictionary of dbksvd as a sparse autoencoder in PyTorch, coded by its own pursuit.

    import torch
    from dbksvd_sae import DbksvdSAE
    sae = DbksvdSAE("folder", device="cuda", dtype=torch.bfloat16)
    codes = sae.encode(activations)    # [..., d_in] -> [..., d_sae], none negative
    rebuilt = sae.decode(codes)        # [..., d_sae] -> [..., d_in]

The folder is what `dbksvd export MODEL --format saebench` wrote: dictionary.safetensors, cfg.json, this file and its
two neighbours, which Python has to find (`sys.path`). Needs torch 1.13 or newer and nothing else. Has what SAEBench
and SAELens call of an autoencoder; it never learns. Signed codes become the latents of [D; -D]. The pursuit runs in
float32 whatever the dtype, as many rows at a time as `chunk_bytes` has room for.
"""
import contextlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

import torch
from dbksvd_pursuit import Pursuit

class Metadata:
    """Where activations are from, as SAELens keeps it: any name may be asked for, and is None where nobody set it."""

    def __init__(self, **values: Any):
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


@dataclass
class Config:
    """The fields of SAEBench's CustomSAEConfig. `metadata` repeats some of them where SAELens looks."""

    model_name: str
    d_in: int
    d_sae: int
    hook_layer: int
    hook_name: str
    context_size: Optional[int] = None
    hook_head_index: Optional[int] = None
    architecture: str = "dbksvd"
    apply_b_dec_to_input: bool = True
    finetuning_scaling_factor: bool = False
    activation_fn_str: str = ""
    activation_fn_kwargs: dict = field(default_factory=dict)
    prepend_bos: bool = True
    normalize_activations: str = "none"
    dtype: str = "float32"
    device: str = "cpu"
    model_from_pretrained_kwargs: dict = field(default_factory=dict)
    dataset_path: str = ""
    dataset_trust_remote_code: bool = True
    seqpos_slice: tuple = (None,)
    training_tokens: int = -100_000
    sae_lens_training_version: Optional[str] = None
    neuronpedia_id: Optional[str] = None

    def __post_init__(self):
        names = ["model_name", "hook_name", "hook_layer", "hook_head_index", "context_size", "prepend_bos"]
        names += ["dataset_path", "dataset_trust_remote_code", "model_from_pretrained_kwargs"]
        self.metadata = Metadata(**{name: getattr(self, name) for name in names})

    def to_dict(self) -> dict:
        return asdict(self)


class DbksvdSAE(torch.nn.Module):
    """The dictionary in `folder`; names of the model and the hook that are given here win over the export's."""

    def __init__(
        self,
        folder,
        device="cpu",
        dtype: torch.dtype = torch.float32,
        model_name: Optional[str] = None,
        hook_layer: Optional[int] = None,
        hook_name: Optional[str] = None,
    ):
        super().__init__()
        tensors, coder = read_safetensors(Path(folder) / "dictionary.safetensors")
        recorded = json.loads((Path(folder) / "cfg.json").read_text(encoding="utf-8"))["metadata"]
        self.chunk_bytes: Optional[int] = None
        self.use_error_term = False
        self.hook_z_reshaping_mode = False
        self._pursuit = Pursuit(tensors["dictionary"], tensors["usage"], float(tensors["scale"]), coder)
        self._mean = tensors["mean"]
        atoms = tensors["dictionary"]
        self.signed = coder["nonnegative"] != "true"
        latents = torch.cat([atoms, -atoms]) if self.signed else atoms.clone()
        self.W_dec = frozen(latents)
        self.W_enc = frozen(latents.T.clone())
        self.b_enc = frozen(torch.zeros(len(latents)))
        self.b_dec = frozen(self._mean.clone())
        self.cfg = config_of(recorded, latents.shape, model_name, hook_layer, hook_name)
        self.to(device=device, dtype=dtype)

    @property
    def device(self) -> torch.device:
        return self.W_dec.device

    @property
    def dtype(self) -> torch.dtype:
        return self.W_dec.dtype

    def _apply(self, *args, **kwargs):
        # Whatever moves or casts the module ends here. What the pursuit works with is moved alone.
        super()._apply(*args, **kwargs)
        self._mean = self._mean.to(self.device)
        self._pursuit.to(self.device)
        self.cfg.device = str(self.device)
        self.cfg.dtype = str(self.dtype).split(".")[1]
        return self

    @torch.no_grad()
    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """[..., d_in] -> [..., d_sae]"""
        rows = x.reshape(-1, x.shape[-1])
        codes = torch.zeros(len(rows), len(self.W_dec), device=self.device, dtype=self.dtype)
        most = self._pursuit.rows_within(self._room())
        with full_float32(self.device.type):
            for start in range(0, len(rows), most):
                chunk = rows[start : start + most].to(self.device, torch.float32) - self._mean
                atoms, values = self._pursuit.code(chunk)
                if self.signed:
                    atoms = torch.where(values < 0, atoms + len(self._pursuit.atoms), atoms)
                # Added: a slot that is not used must not take atom 0 its value.
                codes[start : start + most].scatter_add_(1, atoms, values.abs().to(self.dtype))
        return codes.reshape(*x.shape[:-1], codes.shape[-1])

    def decode(self, feature_acts: torch.Tensor) -> torch.Tensor:
        """[..., d_sae] -> [..., d_in]"""
        return feature_acts.to(self.dtype) @ self.W_dec + self.b_dec

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rebuilt = self.decode(self.encode(x))
        if not self.use_error_term:
            return rebuilt
        return rebuilt + (x - rebuilt).detach()

    def check_decoder_norms(self) -> bool:
        tolerance = 1e-2 if self.dtype in (torch.bfloat16, torch.float16) else 1e-5
        return bool(((self.W_dec.float().norm(dim=1) - 1).abs() <= tolerance).all())

    def fold_W_dec_norm(self):
        """Nothing: atoms are of unit length."""

    def turn_on_forward_pass_hook_z_reshaping(self):
        raise NotImplementedError("activations of a head are not reshaped: flatten them yourself")

    def turn_off_forward_pass_hook_z_reshaping(self):
        """Nothing: it never is on."""

    def get_name(self) -> str:
        return f"sae_{self.cfg.model_name}_{self.cfg.hook_name}_{self.cfg.d_sae}"

    def _room(self) -> int:
        if self.chunk_bytes is not None:
            return self.chunk_bytes
        if self.device.type == "cuda":
            return torch.cuda.mem_get_info(self.device)[0] // 3
        return 2**29


def config_of(recorded: dict, shape, model_name, hook_layer, hook_name) -> Config:
    if hook_name is None and hook_layer is None:
        hook_name, hook_layer = recorded.get("hook_name"), recorded.get("layer")
    if hook_layer is None and hook_name is not None:
        number = re.search(r"\d+", hook_name)
        hook_layer = int(number.group()) if number else None
    if hook_name is None and hook_layer is not None:
        hook_name = f"blocks.{hook_layer}.hook_resid_post"
    return Config(
        model_name=model_name or recorded.get("model_name"),
        d_in=shape[1],
        d_sae=shape[0],
        hook_layer=hook_layer,
        hook_name=hook_name,
        context_size=recorded.get("context_size"),
        prepend_bos=recorded.get("prepend_bos") is not False,
        dataset_path=recorded.get("dataset_path") or "",
    )


def frozen(tensor: torch.Tensor) -> torch.nn.Parameter:
    return torch.nn.Parameter(tensor, requires_grad=False)


@contextlib.contextmanager
def full_float32(device_type: str):
    """Products in float32, not in what autocast or TensorFloat-32 would make of them."""
    allowed = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    off = torch.autocast(device_type, enabled=False) if device_type in ("cpu", "cuda") else contextlib.nullcontext()
    try:
        with off:
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = allowed


def read_safetensors(path: Path):
    """Tensors by name, in float32 or int32, and the metadata."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__", {})
    types = {"F32": torch.float32, "U32": torch.int32}
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        buffer = bytearray(data[start + first : start + last])
        tensors[name] = torch.frombuffer(buffer, dtype=types[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata
