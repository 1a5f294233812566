"""The rows of the demo's other stories (demo_errands says how a row is read). Data.

Y, L: the townships of yanjiao and langdai; C, S: the departments of urban management and of market
supervision; V: the supervisor. Others stand by their alias; `*` is the whole county. A line that
begins with blanks goes on with the row above it; `#` begins a remark.
"""

from typing import Final

LAWFUL: Final = """
# 告知, guidance 二(一)2: at once, whoever sees it to whoever may act
notice/done Y>C CG-001 岩脚 | C:sign C:handle/filed
notice/done Y>C CG-005 岩脚 | C:sign C:handle/settled_on_spot
notice/not_possible Y>C CG-012 岩脚 | C:sign C:handle/filed
notice/done Y>C CG-014 岩脚 | C:sign C:handle/no_violation
notice/done Y>S SC-002 岩脚 | S:sign S:handle/filed
notice/not_possible Y>S SC-003 岩脚 | S:sign S:handle/settled_on_spot
notice/done Y>S SC-005 岩脚 | S:handle/filed
notice/done L>C CG-006 郎岱 | C:sign C:handle/filed
notice/done L>C CG-009 郎岱 | C:sign C:handle/settled_on_spot
notice/not_possible L>C CG-010 郎岱 | C:sign C:handle/no_violation
notice/done L>S SC-001 郎岱 | S:sign S:handle/filed
notice/done L>S SC-004 郎岱 | S:sign S:handle/settled_on_spot
notice/done L>S SC-006 郎岱 | S:sign
notice/said_nothing C>Y CG-002 岩脚 | Y:sign Y:handle/settled_on_spot
notice/said_nothing C>Y CG-004 岩脚 | Y:sign Y:handle/filed
notice/said_nothing C>L GH-002 郎岱 | L:sign L:handle/filed
notice/said_nothing S>L CG-004 郎岱 | L:sign L:handle/no_violation
notice/said_nothing S>C CG-003 银壶 | C:sign C:handle/filed
notice/done Y>C CG-009 岩脚 | C:sign C:handle/not_ours
notice/done L>C CG-001 郎岱 | L:withdraw
notice/done Y>C CG-015 岩脚 | C:sign Y:withdraw C:agree
notice/done L>S SC-002 郎岱 | S:sign L:withdraw S:keep S:handle/filed
# 抄送, guidance 二(一)1: the nine categories; what concerns a devolved matter goes by the audience
# rules to each township that has it, played or not, as the legal texts do
copy/legal_texts C>Y,L | Y:sign L:sign
copy/administrative_decisions C>Y,L,mugang CG-002 岩脚 | Y:sign L:sign
copy/administrative_decisions S>L,Y,liuzhi-zwj | L:sign Y:sign
copy/inspections S>Y,L | Y:sign L:sign
copy/penalty_decisions Y>C,liuzhi-zwj | C:sign
copy/penalty_decisions L>S | S:sign
copy/statistics Y>V | V:sign
copy/statistics L>V,C | V:sign C:sign
copy/discretion_and_procedures S>Y,L,dayong,longhe | Y:sign L:sign
copy/dynamics C>Y,L,jiulong CG-002 岩脚 | Y:sign
copy/complaints L>C,liuzhi-xinfang | C:sign
copy/other S>C,liuzhi-wjj,liuzhi-gaj | C:sign
# 通报: one of them to the whole county
circular/discretion_and_procedures C>* | Y:sign L:sign S:sign V:sign
circular/dynamics V>Y,L,C,S | Y:sign L:sign C:sign S:sign
circular/legal_texts S>Y,L,liuzhi-jyj,liuzhi-rsj | Y:sign L:sign
circular/statistics V>Y,L,liuzhi-gov | L:sign
# 信息需求, 二(一)1 四、五: answered by a Copy, in words, or refused with the reason
information/statistics C>Y | Y:sign Y:answer_copy/statistics C:sign_answer
information/statistics C>L | L:sign L:give/statistics
information/statistics S>Y | Y:give/statistics
information/statistics V>L | L:sign L:answer_copy/statistics V:sign_answer
information/penalty_decisions C>Y | Y:sign Y:answer_copy/penalty_decisions C:sign_answer
information/penalty_decisions S>L | L:sign L:answer_copy/penalty_decisions S:sign_answer
information/penalty_decisions Y>S | S:sign S:refuse/information
information/penalty_decisions L>C | C:sign C:give/penalty_decisions
information/statistics V>Y | Y:sign
information/statistics L>S | L:withdraw
# 业务指导, 二(五): what counts (leading a case, on site) and what does not
guidance/on_site C>Y CG-002 岩脚 | Y:sign
guidance/on_site C>L CG-004 郎岱 | L:sign
guidance/leading_case C>Y CG-004 岩脚 | Y:sign
guidance/leading_case S>L SC-003 郎岱 | L:sign
guidance/document C>Y,L,mugang,xinyao | Y:sign L:sign
guidance/seminar S>Y,L | Y:sign L:sign
guidance/training C>Y,L,suojia,niuchang | Y:sign L:sign
guidance/case_experience C>L | L:sign
# 投诉举报函送, 二(一)3: with a contact and without; both legs of telling the complainant
complaint/contact Y>S SC-002 岩脚 | S:sign Y:inform/forwarding S:file S:feed_back
    S:inform/outcome
complaint/contact Y>C CG-009 岩脚 | C:sign Y:inform/forwarding C:file
complaint/contact L>C CG-012 郎岱 | C:sign C:file L:inform/forwarding C:feed_back
    C:inform/outcome
complaint/contact L>S SC-004 郎岱 | S:sign L:inform/in_vain S:file
complaint/contact C>Y CG-002 岩脚 | Y:sign C:inform/forwarding Y:decline Y:inform/outcome
complaint/contact S>L CG-004 郎岱 | L:sign S:inform/forwarding L:file
complaint/unknown Y>C CG-014 岩脚 | C:sign Y:inform/unknown C:file
complaint/unknown L>S SC-001 郎岱 | S:sign S:file
complaint/unknown C>L GH-002 郎岱 | L:sign L:decline
complaint/contact Y>S SC-006 岩脚 | Y:withdraw
# 执法协助, 二(四): the five grounds of a township, 行政处罚法 26 of others
assistance/alone_insufficient Y>C | C:sign C:accept
assistance/material_unobtainable Y>S | S:sign S:accept
assistance/material_held_elsewhere Y>C | C:accept
assistance/technical_support Y>S | S:sign S:outside_powers
assistance/other_need Y>C | C:sign C:accept
assistance/alone_insufficient L>C | C:sign C:accept
assistance/material_unobtainable L>S | S:sign S:law_forbids
assistance/material_held_elsewhere L>S | S:sign S:accept
assistance/technical_support L>C | C:sign C:outside_powers
assistance/other_need L>Y | Y:sign Y:accept
assistance/penalty_law_26 C>Y | Y:sign Y:accept
assistance/penalty_law_26 C>L | L:sign L:outside_powers
assistance/penalty_law_26 S>C | C:sign C:accept
assistance/alone_insufficient Y>L | L:sign
assistance/technical_support L>S | L:withdraw
lead Y>C CG-005 岩脚 | C:sign Y:withdraw C:agree
case L>S SC-003 郎岱 | S:sign L:withdraw S:keep L:hand_over S:count S:file
# 材料物品交接, 二(二)2: counted, a page short and made up; handed back when it is not filed
case Y>C CG-012 岩脚 | C:sign Y:hand_over C:count/page_missing Y:settle C:file
lead L>S SC-005 郎岱 | S:sign L:hand_over S:count/page_missing L:settle S:file
case C>Y CG-004 岩脚 | Y:sign C:hand_over Y:count Y:decline Y:hand_back C:count
"""

HELD: Final = """
# 更正: the text named another town than the code; 转办 by the supervisor: nobody's matter
notice/place_conflict~held Y>C CG-001 岩脚 | Y:correct C:sign C:handle/filed
complaint/place_conflict~held L>S SC-002 郎岱 | L:correct S:sign S:file
complaint/contact~held Y>C CG-013 岩脚 | V:assign C:sign C:file
notice/done~held L>C CG-013 郎岱 | V:assign C:sign C:handle/settled_on_spot
lead~held Y>C CG-013 岩脚 | V:assign C:sign C:decline
notice/done~held L>C CG-013 郎岱 | L:withdraw
"""

UNLAWFUL: Final = """
# a letter that cannot be one, whoever sends it
lead!message.unknown_record Y>C CG-009 岩脚
lead!message.bus_only Y>C CG-009 岩脚
lead!message.field_missing Y>C CG-009 岩脚
lead!message.field_unknown Y>C CG-009 岩脚
lead!message.field_invalid Y>C CG-009 岩脚
copy/other!secrecy.may_not_travel C>Y
lead!document_number.malformed Y>C CG-009 岩脚
lead!organ.unknown L>C CG-009 郎岱
lead!officer.unknown L>C CG-009 郎岱
lead!officer.expired Y>C CG-009 岩脚
lead!place.unknown Y>C CG-009 岩脚
lead!matter.unknown Y>C CG-009 岩脚
# transfers
lead!transfer.officers_foreign Y>C CG-009 岩脚
lead!transfer.addressees_too_many Y>C CG-009 岩脚
lead!transfer.no_violations Y>C CG-009 岩脚
lead!transfer.violation_numbers L>C CG-009 郎岱
lead!transfer.violation_dates L>C CG-009 郎岱
case!transfer.party_unknown Y>C CG-009 岩脚
lead!transfer.evidence_numbers Y>C CG-009 岩脚
lead!transfer.copy_reason_missing Y>C CG-009 岩脚
lead!transfer.item_numbers L>C CG-010 郎岱
lead!transfer.measure_document_missing L>C CG-010 郎岱
lead!transfer.disposal_item Y>C CG-010 岩脚
lead!transfer.to_itself Y>C CG-009 岩脚
lead!transfer.addressee_cannot_handle Y>C CG-009 岩脚
# copies, requests, guidance, notices, complaints, assistance
copy/other!copy.no_recipient C>Y
copy/other!message.to_itself L>Y
information/statistics!request.one_addressee C>Y
information/statistics!information.not_requestable C>Y
guidance/document!guidance.not_a_department Y>L
guidance/document!guidance.not_a_township C>S
guidance/on_site!guidance.place_missing C>Y
notice/done!notice.dissuasion_missing Y>C CG-001 岩脚
notice/not_possible!notice.dissuasion_reason_missing Y>C CG-001 岩脚
complaint/contact!complaint.contact_contradiction Y>S SC-002 岩脚
complaint/contact!complaint.contact_missing L>S SC-002 郎岱
assistance/other_need!assistance.transfer_missing Y>C
assistance/penalty_law_26!assistance.ground_not_for_sender Y>C
assistance/penalty_law_26!assistance.not_the_handler C>Y
# answers: each is refused first, then mended and accepted
notice/done Y>C CG-001 岩脚 | C:sign C:handle/not_ours!handling.competent_missing
    C:handle/filed!handling.contradictory C:handle/filed
information/statistics C>L | L:sign L:refuse/information!information.reason_missing
    L:answer_copy/statistics!copy.reply_elsewhere L:give/statistics
complaint/contact Y>S SC-003 岩脚 | S:sign S:inform/outcome!complaint.leg_not_open
    Y:inform/in_vain!complaint.attempts_missing Y:inform/in_vain!complaint.telling_contradiction
    Y:inform/forwarding Y:inform/forwarding!complaint.leg_closed
assistance/technical_support Y>S | S:sign S:accept!assistance.contradictory
    S:outside_powers!assistance.ground_missing S:outside_powers!assistance.ground_not_allowed
    S:law_forbids!assistance.provision_missing S:outside_powers!assistance.reasons_missing
    S:outside_powers
lead Y>C CG-006 岩脚 | C:sign C:keep!reply.target_unknown Y:withdraw
    Y:withdraw!withdrawal.pending C:keep!withdrawal.reasons_missing C:agree
lead~held Y>C CG-013 岩脚 | Y:correct!correction.still_gap Y:correct!correction.empty
    Y:assign!assignment.not_the_supervisor V:assign!assignment.cannot_handle
    V:assign!assignment.one_organ V:assign V:assign!assignment.nothing_held
    Y:correct!correction.nothing_held
notice/place_conflict~held L>C CG-001 郎岱 | L:correct!correction.still_conflict L:correct
lead L>C CG-009 郎岱 | C:sign C:decided!step.not_allowed C:file!filing.number_unknown
    C:file!filing.answers_empty C:file!filing.answer_numbers C:file!filing.case_number_missing
    C:file!filing.filed_on_missing C:file!filing.contradictory C:decline!filing.ground_missing
    C:file!reply.in_reply_to_missing L:file!reply.not_asked L:hand_over C:count C:file C:served
    C:served!progress.repeated C:decided!progress.out_of_order
    C:feed_back!outcome.penalties_missing C:feed_back
lead Y>C CG-005+CG-006 岩脚 | C:sign C:file!filing.number_unanswered
    Y:hand_over C:count C:file
lead L>S SC-004 郎岱 | L:sign!receipt.nothing_delivered S:sign
    L:sign_answer!receipt.of_receipt S:sign!case.unknown S:sign!receipt.contradicts
"""
