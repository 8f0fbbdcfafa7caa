"""Does with an exported dictionary what SAEBench, sae-probes and SAELens do with an autoencoder, call by call.

usage: interface.py FOLDER    prints {place: "ok" or what went wrong}

Each check stands in for the line that it names, in adamkarvonen/SAEBench 8042bb3 (0.6.0), sae-probes/sae-probes 15c466e
and jbloomAus/SAELens 91ca16c (6.18.0); none of them is installed here.
"""
import json
import sys
import traceback
from dataclasses import asdict

import torch

sys.path.insert(0, sys.argv[1])
from dbksvd_sae import DbksvdSAE  # noqa: E402

CHECKS = []


def check(*places):
    def keep(body):
        CHECKS.append((places, body))
        return body

    return keep


def acts(*shape, dtype=torch.bfloat16):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)).to(dtype)


@check("sae_bench/sae_bench_utils/general_utils.py:155", "sae_bench/custom_saes/base_sae.py:81")
def decoder_norms(sae):
    norms = torch.norm(sae.W_dec.data, dim=1).to(dtype=sae.W_dec.dtype, device=sae.W_dec.device)
    assert torch.allclose(norms, torch.ones_like(norms), atol=1e-2)
    fresh = DbksvdSAE(sys.argv[1])
    norms = torch.norm(fresh.W_dec.data, dim=1)
    assert torch.allclose(norms, torch.ones_like(norms), atol=1e-5)
    assert sae.check_decoder_norms() and fresh.check_decoder_norms()


@check("sae_bench/sae_bench_utils/general_utils.py:157")
def standard_configuration(sae):
    cfg = sae.cfg
    found = {}
    for name in ["hook_name", "hook_layer", "context_size", "dataset_trust_remote_code", "model_name"]:
        found[name] = getattr(cfg, name) if hasattr(cfg, name) else getattr(cfg.metadata, name)
    assert found["hook_name"] == "blocks.12.hook_resid_post" and found["hook_layer"] == 12
    assert found["model_name"] == "gemma-2-2b"
    metadata = cfg.metadata
    for target in [cfg, metadata]:
        for name, value in found.items():
            setattr(target, name, value)
        target.hook_head_index = target.hook_head_index
        target.model_from_pretrained_kwargs = target.model_from_pretrained_kwargs or {}
        target.prepend_bos = target.prepend_bos
        target.exclude_special_tokens = None
    cfg.architecture_str = cfg.architecture() if callable(cfg.architecture) else cfg.architecture
    assert isinstance(cfg.architecture_str, str)


@check("sae_bench/evals/core/main.py:918", "sae_bench/evals/sparse_probing_sae_probes/main.py:273")
def configuration_as_json(sae):
    sae.cfg.dtype = "bfloat16"  # sae_bench/custom_saes/run_all_evals_custom_saes.py:303
    assert json.loads(json.dumps(sae.cfg.to_dict()))["d_sae"] == len(sae.W_dec)
    json.dumps(asdict(sae.cfg))


@check("sae_bench/evals/core/main.py:1013", "sae_bench/evals/sparse_probing/main.py:320", "sae_lens/evals.py:828")
def moved_and_cast(sae):
    assert sae.to(device="cpu", dtype=torch.bfloat16) is sae
    assert sae.dtype == torch.bfloat16 and sae.device == torch.device("cpu")
    assert sae.W_enc.dtype == torch.bfloat16
    assert sae.to("cpu") is sae and sae.dtype == torch.bfloat16


@check("sae_bench/sae_bench_utils/activation_collection.py:190", "sae_bench/evals/scr_and_tpp/main.py:86")
def texts_by_tokens(sae):
    resid = acts(2, 5, sae.cfg.d_in)
    codes = sae.encode(resid)
    assert codes.shape == (2, 5, sae.cfg.d_sae) and codes.is_floating_point()
    codes = codes[:, :, [3, 1]] * torch.ones(2, 5, dtype=torch.bool)[:, :, None]
    assert codes.to(dtype=torch.bfloat16).shape == (2, 5, 2)


@check(
    "sae_bench/sae_bench_utils/activation_collection.py:226",
    "sae_bench/sae_bench_utils/activation_collection.py:295",
    "sae_bench/sae_bench_utils/activation_collection.py:405",
)
def means_over_tokens(sae):
    total = torch.zeros(sae.W_dec.shape[0], dtype=torch.float32, device=sae.device)
    resid = acts(3, 4, sae.cfg.d_in).to(device=sae.device)
    present = (resid.sum(-1) != 0).to(dtype=sae.dtype)
    total += (sae.encode(resid) * present[:, :, None]).sum(dim=(0, 1)).to(total.dtype)
    assert (total > 0).any()


@check("sae_bench/evals/core/main.py:333", "sae_bench/evals/core/main.py:355", "sae_lens/evals.py:293")
def weights(sae):
    encoders = sae.W_enc / sae.W_enc.norm(dim=0, keepdim=True)
    decoders = sae.W_dec.T / sae.W_dec.T.norm(dim=0, keepdim=True)
    assert sae.W_enc.shape == (sae.cfg.d_in, sae.cfg.d_sae) and sae.W_dec.shape == sae.W_enc.T.shape
    same = torch.nn.functional.cosine_similarity(decoders.T.float(), encoders.T.float())
    assert torch.isfinite(same).all()
    assert len(sae.b_enc.cpu().tolist()) == sae.cfg.d_sae and sae.b_dec.shape == (sae.cfg.d_in,)


@check("sae_bench/evals/core/main.py:477", "sae_bench/evals/core/main.py:521", "sae_lens/evals.py:474")
@torch.no_grad()
def sparsity_and_variance(sae):
    assert sae.cfg.hook_head_index is None and "hook_z" not in sae.cfg.hook_name
    density = torch.zeros(sae.cfg.d_sae, device=sae.device)
    original = acts(2, 6, sae.cfg.d_in)
    codes = sae.encode(original.to(sae.device))
    out = sae.decode(codes).to(original.device)
    assert out.shape == original.shape
    density += (codes > 0).float().sum(dim=1).sum(dim=0)
    assert ((codes != 0).sum(-1) == (codes > 0).sum(-1)).all()
    assert density.sum() > 0


@check("sae_bench/evals/core/main.py:676", "sae_lens/evals.py:643")
@torch.no_grad()
def replacement(sae):
    activations = acts(2, 6, sae.cfg.d_in)
    rebuilt = sae.decode(sae.encode(activations)).to(activations.dtype)
    mask = torch.ones(2, 6, dtype=torch.bool)
    assert torch.where(mask[..., None], rebuilt, activations).dtype == torch.bfloat16


@check("sae_bench/evals/core/main.py:1037")
def model_is_loaded_alike(sae):
    dict(dtype=sae.W_enc.dtype, **sae.cfg.model_from_pretrained_kwargs)


@check("sae_bench/evals/core/main.py:336", "sae_bench/evals/core/main.py:344")
def norms_and_biases(sae):
    sae.cfg.architecture_str = sae.cfg.architecture
    assert sae.cfg.architecture_str != "gated" and not hasattr(sae, "b_mag")
    assert len(sae.W_enc.norm(dim=-2).cpu().tolist()) == sae.cfg.d_sae
    assert sae.b_enc.cpu().tolist() == [0] * sae.cfg.d_sae


@check("sae_bench/evals/mdl/main.py:119", "sae_bench/evals/mdl/main.py:338", "sae_bench/evals/mdl/main.py:363")
def description_length(sae):
    sae.cfg.dataset_trust_remote_code = True
    sae.cfg.metadata.dataset_trust_remote_code = True
    assert sae.to("cpu") is sae
    rows = acts(6, sae.cfg.d_in, dtype=torch.float32).unsqueeze(1)
    codes = sae.encode(rows).squeeze()
    assert codes.shape == (6, sae.cfg.d_sae)
    torch.cat([codes, torch.zeros(1, sae.cfg.d_sae)])
    assert sae.decode(codes.float()).shape == (6, sae.cfg.d_in)  # line 262


@check("sae_bench/evals/meta_structure/main.py:127")
def decoder_as_rows(sae):
    decoder = sae.W_dec.detach().to(device="cpu", dtype=torch.float32).contiguous()
    assert decoder.shape == (sae.cfg.d_sae, sae.cfg.d_in)


@check("sae_bench/evals/unlearning/utils/intervention.py:25", "sae_bench/evals/unlearning/utils/intervention.py:95")
@torch.no_grad()
def clamped_where_active(sae):
    resid = acts(2, 4, sae.cfg.d_in)
    codes = sae.encode(resid)
    codes[:, 0, :] = 0.0
    error = resid - sae.decode(codes)
    active = codes[:, :, [0, 1, 2]] > 0
    codes[:, :, [0, 1, 2]] = torch.where(active, -20.0, codes[:, :, [0, 1, 2]])
    assert (error + sae.decode(codes)).shape == resid.shape
    # A negative value is decoded as what it is.
    there, back = (sae.decode(z).float() - sae.b_dec.float() for z in (codes, -codes))
    assert (there + back).abs().max() <= 0.02 * there.abs().max()


@check("sae_bench/custom_saes/base_sae.py:112", "sae_bench/custom_saes/base_sae.py:116")
@torch.no_grad()
def rows_as_texts(sae):
    resid = acts(2, 5, sae.cfg.d_in)
    texts = sae.decode(sae.encode(resid))
    rows = sae(resid.reshape(-1, sae.cfg.d_in))
    assert torch.allclose(rows.reshape(resid.shape), texts)


@check(
    "sae_bench/evals/scr_and_tpp/main.py:68",
    "sae_bench/evals/scr_and_tpp/main.py:122",
    "sae_bench/evals/scr_and_tpp/main.py:216",
)
def ablation(sae):
    assert sae.W_dec.data.T.to(dtype=torch.float32, device="cpu").shape == (sae.cfg.d_in, sae.cfg.d_sae)
    batch = acts(2, 3, sae.cfg.d_in)
    codes = sae.encode(batch)
    error = batch - sae.decode(codes)
    codes[..., 0] = 0.0
    assert (sae.decode(codes) + error).shape == batch.shape


@check("sae_bench/evals/ravel/mdbm.py:32", "sae_bench/evals/ravel/mdbm.py:72", "sae_bench/evals/ravel/mdas.py:26")
def learned_mask(sae):
    assert sae.cfg.hook_layer == 12
    mask = torch.zeros(sae.cfg.d_sae, dtype=torch.float32, requires_grad=True)
    source, base = acts(4, sae.cfg.d_in), acts(4, sae.cfg.d_in) + 1
    with torch.no_grad():
        source_codes, base_codes = sae.encode(source), sae.encode(base)
    share = torch.sigmoid(mask)
    mixed = (1 - share) * base_codes + share * source_codes
    changed = sae.decode(mixed.to(dtype=source.dtype)) + (base - sae.decode(base_codes))
    changed.float().square().sum().backward()
    assert mask.grad is not None and (mask.grad != 0).any()


@check("sae_bench/evals/absorption/k_sparse_probing.py:103", "sae_bench/evals/absorption/k_sparse_probing.py:138")
@torch.no_grad()
def absorption_activations(sae):
    batch = acts(40, sae.cfg.d_in, dtype=torch.float32)
    codes = sae.encode(batch.to(device=sae.device, dtype=sae.dtype))
    assert codes[:, torch.tensor([0, 2])].cpu().shape == (40, 2)
    assert sae.encode(batch[:1].to(sae.device, dtype=sae.dtype)).shape == (1, sae.cfg.d_sae)


@check("sae_bench/evals/absorption/k_sparse_probing.py:199")
@torch.inference_mode()
def absorption_weights(sae):
    encoders = sae.W_enc / torch.norm(sae.W_enc, dim=0, keepdim=True)
    decoders = sae.W_dec / torch.norm(sae.W_dec, dim=-1, keepdim=True)
    probe = torch.randn(26, sae.cfg.d_in)
    cosines = probe.to(dtype=decoders.dtype) @ decoders.T, probe.to(dtype=encoders.dtype) @ encoders
    assert all(torch.isfinite(cosine).all() for cosine in cosines)


@check("sae_bench/evals/absorption/feature_absorption_calculator.py:145")
def absorption_directions(sae):
    probe = torch.randn(sae.cfg.d_in).to(sae.device)
    cosines = torch.nn.functional.cosine_similarity(probe, sae.W_dec, dim=-1).float().cpu()
    codes = sae.encode(acts(3, sae.cfg.d_in))  # line 156
    assert (codes * cosines.to(codes.device)).shape == (3, sae.cfg.d_sae)
    assert (acts(3, sae.cfg.d_in) @ probe.to(dtype=codes.dtype)).shape == (3,)


@check("sae_bench/evals/autointerp/main.py:405", "sae_bench/evals/sparse_probing/main.py:263")
def where_activations_are(sae):
    assert (sae.cfg.hook_layer, sae.cfg.hook_name) == (12, "blocks.12.hook_resid_post")


@check("sae_probes/generate_sae_activations.py:68", "sae_bench/evals/sparse_probing_sae_probes/main.py:127")
@torch.inference_mode()
def probed_in_inference_mode(sae):
    codes = sae.encode(acts(128, sae.cfg.d_in, dtype=torch.float32).to("cpu")).cpu()
    assert torch.cat([codes]).shape == (128, sae.cfg.d_sae)


@check("sae_lens/evals.py:124", "sae_lens/evals.py:400", "sae_lens/evals.py:830")
def saelens_metadata(sae):
    metadata = DbksvdSAE(sys.argv[1]).cfg.metadata
    assert metadata.hook_name == "blocks.12.hook_resid_post" and metadata.hook_head_index is None
    assert metadata.model_name == "gemma-2-2b" and dict(**metadata.model_from_pretrained_kwargs) == {}
    assert metadata.anything_else is None


@check("sae_lens/analysis/hooked_sae_transformer.py:102", "sae_lens/saes/sae.py:475")
def put_in_place_of_a_hook(sae):
    sae._original_use_error_term, sae.use_error_term = sae.use_error_term, True
    x = acts(2, 3, sae.cfg.d_in)
    assert (sae(x).float() - x.float()).abs().max() < 0.05
    sae.use_error_term = sae._original_use_error_term
    del sae._original_use_error_term
    assert torch.equal(sae(x), sae.decode(sae.encode(x)))


@check("sae_lens/evals.py:132", "sae_bench/evals/core/main.py:138", "sae_lens/saes/sae.py:500")
def calls_with_nothing_to_do(sae):
    assert sae.hook_z_reshaping_mode is False
    sae.turn_off_forward_pass_hook_z_reshaping()
    before = sae.W_dec.clone()
    sae.fold_W_dec_norm()
    assert torch.equal(before, sae.W_dec)
    assert sae.get_name() == f"sae_gemma-2-2b_blocks.12.hook_resid_post_{sae.cfg.d_sae}"


def main():
    torch.set_num_threads(1)
    sae = DbksvdSAE(sys.argv[1], device="cpu", dtype=torch.bfloat16)
    outcome = {}
    for places, body in CHECKS:
        try:
            body(sae)
            said = "ok"
        except Exception:
            said = traceback.format_exc()
        outcome.update({place: said for place in places})
    print(json.dumps(outcome))


main()
