// Prints what the variable for WebGPU's interface is when the adapter is asked for; usage: backend_child.ts
import { findAdapter } from "../../src/gpu/device.ts";

const variable = "DENO_WEBGPU_BACKEND";
const { state } = Deno.permissions.querySync({ name: "env", variable });
navigator.gpu.requestAdapter = () => {
  const value = state === "granted" ? Deno.env.get(variable) : "not allowed";
  console.log(value ?? "unset");
  return Promise.resolve(null);
};
await findAdapter();
