// What karst.path_named_stack declares to the toolkit: a stack that names its elements after their paths.
"use strict";

const { TerraformElement, TerraformStack } = require("cdktn");

const LOGICAL_ID = /^[a-z_][a-z0-9_]*$/;

class PathNamedStack extends TerraformStack {
  allocateLogicalId(elementOrNode) {
    const node = TerraformElement.isTerraformElement(elementOrNode) ? elementOrNode.node : elementOrNode;
    const ownPath = `${this.node.path}/`;
    const path = node.path.startsWith(ownPath) ? node.path.slice(ownPath.length) : node.path;
    const logicalId = path.replaceAll("/", "__").replaceAll("-", "_");
    if (!LOGICAL_ID.test(logicalId)) {
      throw new Error(
        `construct '${path}' cannot name a resource: write its id in lower-case letters, digits, '-' and '_', ` +
          "beginning with a letter",
      );
    }
    this.pathsByLogicalId ??= new Map();
    const owner = this.pathsByLogicalId.get(logicalId) ?? path;
    if (owner !== path) {
      throw new Error(
        `constructs '${owner}' and '${path}' both become the address '${logicalId}': rename one of them`,
      );
    }
    this.pathsByLogicalId.set(logicalId, path);
    return logicalId;
  }
}

exports.PathNamedStack = PathNamedStack;
