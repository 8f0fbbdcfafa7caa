import type { ModelConfig } from "./model.ts";

/** What ran a training, in words: "NVIDIA H200 (GPU engine)", and where another device trained the decoder, which. */
export function devicesInWords(
  { device, decoder }: Pick<ModelConfig, "device" | "decoder">,
): string {
  const engine = `${device.name} (${device.kind.toUpperCase()} engine)`;
  return decoder === undefined || decoder.device.kind === device.kind
    ? engine
    : `${engine}, and as a decoder on ${decoder.device.name}`;
}
