// A plugin is named by a path inside of the service's folder.
export { default } from "../../../offline/plugin.ts";
