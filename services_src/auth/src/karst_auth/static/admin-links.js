"use strict";

/** Pages by the names that links of the former administration have for them: `#/group/3`, `#/user/create`. */
const PAGES = {
  user: "users",
  service_account: "service_accounts",
  group: "groups",
  dataset: "datasets",
  tos: "terms",
  permission: "permissions",
  stats: "stats",
};

/** Where the part of the address behind `#` leads, below the administration. */
function target(hash) {
  const [, kind, id] = hash.split("/");
  const page = Object.hasOwn(PAGES, kind ?? "") ? PAGES[kind] : undefined;
  if (!page) return "overview";
  if (page !== "stats" && id === "create") return `${page}/new`;
  return page !== "stats" && /^\d{1,10}$/.test(id ?? "") ? `${page}/${id}` : page;
}

location.replace(`${document.getElementById("begin").dataset.home}/${target(location.hash)}`);
