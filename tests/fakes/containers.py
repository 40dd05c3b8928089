# ruff: noqa: N803  (botocore spells its arguments so)
"""Container services: deployments that roll task by task, fail, and are rolled back by the circuit breaker."""

from collections.abc import Sequence
from typing import Any

from .script import client_error
from .service import Answer, page
from .service import Service as Client
from .world import Placed, Rollout, Service, World

IMAGE_DIGEST = "sha256:0123456789abcdef"


class Ecs(Client):
    """Container services."""

    def describe_services(self, cluster: str, services: Sequence[str]) -> Answer:
        """A service as it is now; each look brings its newest deployment on."""
        placed = self.world.things.get(services[0])
        if placed is None:
            return {"services": [], "failures": [{"arn": services[0], "reason": "MISSING"}]}
        service = _service(self.world, placed)
        answer = {"services": [self._described(placed, service)], "failures": []}
        _advance(self.world, service)
        return answer

    def update_service(self, cluster: str, service: str, *, forceNewDeployment: bool = False) -> Answer:
        """Start a new deployment on the task definition that the service has (N1)."""
        placed = self.world.things.get(service)
        if placed is None:
            raise client_error("ServiceNotFoundException", "Service not found.", "UpdateService")
        found = _service(self.world, placed)
        if forceNewDeployment:
            fails = self.world.rollouts_fail.pop(0) if self.world.rollouts_fail else ""
            _begin(self.world, found, found.rollouts[0].definition, fails=fails)
        return {"service": self._described(placed, found)}

    def list_tasks(self, cluster: str, serviceName: str, nextToken: str = "") -> Answer:
        """The tasks of a service, two a page."""
        answer = page("taskArns", [task["taskArn"] for task in self._tasks(serviceName)], nextToken, size=2)
        return {"taskArns": answer["taskArns"], **({"nextToken": answer["NextToken"]} if "NextToken" in answer else {})}

    def describe_tasks(self, cluster: str, tasks: Sequence[str]) -> Answer:
        """These tasks."""
        every = [one for name in self.world.services for one in self._tasks(name)]
        return {"tasks": [one for one in every if one["taskArn"] in tasks], "failures": []}

    def _tasks(self, name: str) -> list[dict[str, Any]]:
        service = next(
            (one for arn, one in self.world.services.items() if arn.endswith(f"/{name}") or arn == name), None
        )
        return [
            {
                "taskArn": self.world.arn("ecs", f"task/{rollout.deployment_id.rpartition('/')[2]}-{number}"),
                "taskDefinitionArn": rollout.definition,
                "startedBy": rollout.deployment_id,
                "lastStatus": "RUNNING",
                "healthStatus": "UNKNOWN",
                "createdAt": rollout.created_at,
                "startedAt": rollout.created_at,
                "containers": [{"imageDigest": IMAGE_DIGEST}],
            }
            for rollout in (service.rollouts if service else ())
            for number in range(rollout.running)
        ]

    def _described(self, placed: Placed, service: Service) -> dict[str, Any]:
        return {
            "serviceArn": placed.physical_id,
            "serviceName": placed.physical_id.rpartition("/")[2],
            "status": "ACTIVE",
            "desiredCount": service.wanted,
            "runningCount": sum(one.running for one in service.rollouts) if self.world.healthy else 0,
            "taskDefinition": service.rollouts[0].definition,
            "events": [{"message": one} for one in service.messages],
            "deployments": [_deployment(one, service, primary=not at) for at, one in enumerate(service.rollouts)],
        }


def _deployment(rollout: Rollout, service: Service, *, primary: bool) -> dict[str, Any]:
    return {
        "id": rollout.deployment_id,
        "status": "PRIMARY" if primary else "ACTIVE",
        "taskDefinition": rollout.definition,
        "desiredCount": service.wanted,
        "runningCount": rollout.running,
        "failedTasks": 3 if rollout.state == "FAILED" else 0,
        "rolloutState": rollout.state,
        "rolloutStateReason": rollout.reason,
        "createdAt": rollout.created_at,
    }


def _service(world: World, placed: Placed) -> Service:
    """The service that a stack made; what the stack changes of it is a deployment as well."""
    wanted, definition = int(placed.properties["DesiredCount"]), str(placed.properties["TaskDefinition"])
    service = world.services.get(placed.physical_id)
    if service is None:
        first = Rollout(_id(world), definition, world.now(), wanted, "COMPLETED", "ECS deployment completed.")
        service = world.services[placed.physical_id] = Service(placed.physical_id, wanted, [first])
        service.template = definition
    if service.template != definition and world.rollouts_fail:
        service.template = definition
        _begin(world, service, definition, fails=world.rollouts_fail.pop(0))
    if service.template != definition:
        service.template = definition
        done = Rollout(_id(world), definition, world.now(), wanted, "COMPLETED", "ECS deployment completed.")
        service.rollouts = [done]
    service.wanted = wanted
    return service


def _id(world: World) -> str:
    return f"ecs-svc/{world.number():016d}"


def _begin(world: World, service: Service, definition: str, *, fails: str = "", reason: str = "") -> None:
    looks = world.pace.task_looks
    service.rollouts.insert(
        0, Rollout(_id(world), definition, world.now(), reason=reason, fails=fails, looks_left=looks)
    )


def _advance(world: World, service: Service) -> None:
    """One task more on the newest deployment, one less on the others; complete when all are new."""
    newest = service.rollouts[0]
    if newest.state != "IN_PROGRESS":
        return
    if newest.looks_left > 0:
        newest.looks_left -= 1
        return
    newest.looks_left = world.pace.task_looks
    if newest.fails and newest.running >= max(service.wanted - 1, 0):
        _fail(world, service, newest)
        return
    newest.running = min(newest.running + 1, service.wanted)
    for other in service.rollouts[1:]:
        if other.running:
            other.running -= 1
            break
    if newest.running >= service.wanted:
        newest.state, newest.reason = "COMPLETED", "ECS deployment completed."
        service.rollouts = [newest]


def _fail(world: World, service: Service, newest: Rollout) -> None:
    newest.state, newest.reason, newest.running = "FAILED", newest.fails, 0
    service.messages.insert(0, f"(service web) (deployment {newest.deployment_id}) deployment failed: {newest.fails}.")
    if not world.rolls_back:
        return
    before = service.rollouts[-1]
    said = f"ECS deployment circuit breaker: rolling back to deploymentId {before.deployment_id}."
    running = before.running
    service.rollouts = [newest]
    _begin(world, service, before.definition, reason=said)
    service.rollouts[0].running = running
